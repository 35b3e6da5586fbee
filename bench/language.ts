/** A file of 100,000 rules: read and checked against iptables' own check of it, and edited a line at a time. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allProblems } from '../server/src/analysis/check';
import { createDocument, editDocument, lineAt } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { complete } from '../server/src/features/completion';
import { problemSlices } from '../server/src/features/diagnostics';
import { editedDiagnostics } from '../server/src/features/edited-diagnostics';
import { hover } from '../server/src/features/hover';
import { header, megabytes, percentile, row, thousands, times, title } from './report';
import { kubeProxyRuleset, numbersBelow, RULES_OF_KUBE_SERVICE } from './rulesets';

const RULES = Number(process.env.BENCH_RULES ?? 100_000);
/** Each in a process of its own, by turns with iptables. */
const ROUNDS = 5;
const EDITS = 500;
/** After every so many of them the whole file is checked too, as an editor does when the user pauses. */
const PAUSE = 50;

interface Round {
  readonly parse: number;
  readonly check: number;
  readonly problems: number;
  /** Resident memory when both are done: what a language server holds that has just opened the file. */
  readonly resident: number;
}

function milliseconds(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

const [, , asked] = process.argv;
if (asked === undefined) measure();
else process.stdout.write(JSON.stringify(readAndCheck(asked)));

function readAndCheck(file: string): Round {
  const text = readFileSync(file, 'utf8');
  const start = performance.now();
  const document = createDocument(text);
  const parsed = performance.now();
  const problems = allProblems(document).length;
  const end = performance.now();
  return { parse: parsed - start, check: end - parsed, problems, resident: process.memoryUsage().rss };
}

function measure(): void {
  const { rules } = kubeProxyRuleset(Math.round(RULES / RULES_OF_KUBE_SERVICE));
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-bench-'));
  try {
    const file = join(folder, 'rules.v4');
    writeFileSync(file, rules);
    title(`A file of ${thousands(RULES)} rules, ${megabytes(rules.length)}`);
    compare(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  editLines(rules);
}

function compare(file: string): void {
  const rounds: Round[] = [];
  const iptables: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [, script = ''] = process.argv;
    rounds.push(JSON.parse(spawnSync(process.execPath, [script, file], { encoding: 'utf8' }).stdout));
    const took = iptablesCheck(file);
    if (took !== undefined) iptables.push(took);
  }
  const middle = (values: readonly number[]) => percentile(values, 0.5);
  const ours = middle(rounds.map(({ parse, check }) => parse + check));
  header(`median of ${ROUNDS}`, 'ms');
  row('read it', thousands(middle(rounds.map(({ parse }) => parse))));
  row(`check it (${rounds[0]?.problems} problems)`, thousands(middle(rounds.map(({ check }) => check))));
  row('both', thousands(ours));
  row('`iptables-nft-restore --test`', iptables.length === 0 ? 'not there' : thousands(middle(iptables)));
  if (iptables.length > 0) row('ratio to it', times(ours / middle(iptables)));
  console.log(`\nResident memory of that process: ${megabytes(middle(rounds.map(({ resident }) => resident)))}.`);
}

/** Undefined where the program is not there, or may not load rules. */
function iptablesCheck(file: string): number | undefined {
  let status: number | null = null;
  const took = milliseconds(() => {
    // In a network namespace of its own, so that what this machine has loaded plays no part.
    ({ status } = spawnSync('unshare', ['--net', 'iptables-nft-restore', '--test', file]));
  });
  return status === 0 ? took : undefined;
}

function editLines(rules: string): void {
  title(`An edit of one line of it, ${EDITS} times`);
  const below = numbersBelow(1);
  let document = createDocument(rules);
  const hints = readHints(document);
  let known = [...problemSlices(document, hints)].flat();
  const ofLine: number[] = [];
  const ofCursor: number[] = [];
  const ofSteps: number[] = [];
  const ofFile: number[] = [];
  for (let edit = 0; edit < EDITS; edit += 1) {
    const before = document;
    const at = before.chunks.startOf(below(before.chunks.count - 1));
    const change = { start: at, end: at, text: edit % 2 === 0 ? '# ' : ' ' };
    ofLine.push(
      milliseconds(() => {
        document = editDocument(before, change);
        known = [...editedDiagnostics(known, { before, after: document, change })];
      }),
    );
    if (edit % PAUSE !== 0) continue;
    const end = document.chunks.startOf(lineAt(document, at) + 1) - 1;
    ofCursor.push(
      milliseconds(() => {
        hover(document, end);
        complete(document, end);
      }),
    );
    ofFile.push(
      milliseconds(() => {
        const slices = problemSlices(document, hints);
        const step = () => {
          let done: boolean | undefined;
          ofSteps.push(
            milliseconds(() => {
              ({ done } = slices.next());
            }),
          );
          return !done;
        };
        while (step());
      }),
    );
  }
  header('', 'median, ms', '95th percentile, ms', 'longest, ms');
  const line = (name: string, values: readonly number[]) =>
    row(name, ...[0.5, 0.95, 1].map((share) => percentile(values, share).toFixed(1)));
  line('read the line again, check it, its diagnostics', ofLine);
  line('hover and completion right behind it', ofCursor);
  line('what iptables refuses of the whole file, later: one step', ofSteps);
  line('what iptables refuses of the whole file, later: all steps', ofFile);
}
