// `npm run bench`: what the tables of docs/benchmarks.md say, measured on this machine.
//   npm run bench                 all of it: some minutes
//   npm run bench -- verdicts     one part of it: verdicts, connections, language or lint
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const PARTS = ['verdicts', 'connections', 'language', 'lint', 'typing'];

const asked = process.argv.slice(2);
const unknown = asked.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`bench: no part is called ${unknown}: ${PARTS.join(', ')}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'chainwalk-bench-'));
try {
  for (const part of asked.length > 0 ? asked : PARTS) {
    const outfile = join(folder, `${part}.mjs`);
    await esbuild.build({
      entryPoints: [join(root, 'bench', `${part}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'warning',
    });
    // Each part in a process of its own: what one leaves behind in the heap is not the next one's.
    process.exitCode ||= await runCommand(process.execPath, ['--expose-gc', '--max-old-space-size=8192', outfile]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
