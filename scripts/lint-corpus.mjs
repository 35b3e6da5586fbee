// What lint says of real rulesets, which are not part of this repository:
//   node scripts/lint-corpus.mjs FOLDER…                       the tables of docs/lint.md
//   node scripts/lint-corpus.mjs --sample 200 --seed 1 FOLDER…  and behind them findings by chance, each rule having its share
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const folder = mkdtempSync(join(tmpdir(), 'chainwalk-lint-'));
try {
  const outfile = join(folder, 'lint-corpus.mjs');
  await esbuild.build({
    entryPoints: [join(root, 'bench', 'lint-corpus.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
  process.exitCode = await runCommand(process.execPath, [
    '--max-old-space-size=8192',
    outfile,
    ...process.argv.slice(2),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
