/** A file of 100,000 rules: read and checked against iptables' own check of it, and edited a line at a time. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allProblems } from '../server/src/analysis/check';
import { createDocument, type Document, editDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { diagnosticSlices } from '../server/src/features/diagnostics';
import { header, megabytes, percentile, row, thousands, times, title } from './report';
import { kubeProxyRuleset, numbersBelow, RULES_OF_KUBE_SERVICE } from './rulesets';

const RULES = Number(process.env.BENCH_RULES ?? 100_000);
const EDITS = 100;
/** After every so many of them the whole file is checked too, as an editor does when the user pauses. */
const PAUSE = 20;

const { rules } = kubeProxyRuleset(Math.round(RULES / RULES_OF_KUBE_SERVICE));

function milliseconds(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** Undefined where the program is not there, or may not load rules. */
function iptablesCheck(): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-bench-'));
  try {
    const file = join(folder, 'rules.v4');
    writeFileSync(file, rules);
    let status: number | null = null;
    const took = milliseconds(() => {
      // In a network namespace of its own, so that what this machine has loaded plays no part.
      ({ status } = spawnSync('unshare', ['--net', 'iptables-nft-restore', '--test', file]));
    });
    return status === 0 ? took : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

title(`A file of ${thousands(RULES)} rules, ${megabytes(rules.length)}`);
let document: Document | undefined;
const parse = milliseconds(() => {
  document = createDocument(rules, { family: 'ipv4' });
});
if (document === undefined) throw new Error('no document');
const parsed = document;
let problems = 0;
const check = milliseconds(() => {
  problems = allProblems(parsed).length;
});
const resident = process.memoryUsage().rss;
const iptables = iptablesCheck();
header('', 'ms');
row('read it', thousands(parse));
row(`check it (${problems} problems)`, thousands(check));
row('`iptables-nft-restore --test`', iptables === undefined ? 'not there' : thousands(iptables));
if (iptables !== undefined) row('ratio to it', times((parse + check) / iptables));
console.log(`\nResident memory after reading and checking: ${megabytes(resident)}.`);

title(`An edit of one line of it, ${EDITS} times`);
const below = numbersBelow(1);
const hints = readHints(parsed);
const ofLine: number[] = [];
const ofFile: number[] = [];
let edited = parsed;
for (let edit = 0; edit < EDITS; edit += 1) {
  const line = below(edited.lineStarts.length - 1);
  const at = edited.lineStarts[line] ?? 0;
  let slices: Iterator<unknown> | undefined;
  ofLine.push(
    milliseconds(() => {
      edited = editDocument(edited, { start: at, end: at, text: edit % 2 === 0 ? '# ' : ' ' });
      slices = diagnosticSlices(edited, hints);
      slices.next();
    }),
  );
  if (edit % PAUSE !== 0) continue;
  ofFile.push(
    milliseconds(() => {
      while (slices?.next().done === false);
    }),
  );
}
header('', 'median, ms', '95th percentile, ms');
const line = (name: string, values: readonly number[]) =>
  row(name, percentile(values, 0.5).toFixed(1), percentile(values, 0.95).toFixed(1));
line('read the line again, its diagnostics', ofLine);
line('check the whole file, its diagnostics', ofFile);
