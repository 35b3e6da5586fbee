/** What lint says of a folder of real rulesets: findings by rule and by hundred rules, and some of them by chance, to be read. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { lower } from '../server/src/analysis/lower';
import type { Severity } from '../server/src/lint/finding';
import { LINT_RULES } from '../server/src/lint/registry';
import { lint } from '../server/src/lint/run';
import { header, row, thousands } from './report';
import { numbersBelow } from './rulesets';

interface Found {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'information', 'hint'];

const words = process.argv.slice(2);
const sampleSize = Number(after('--sample') ?? 0);
const seed = Number(after('--seed') ?? 1);
const folders = words.filter((word, at) => !word.startsWith('--') && !words[at - 1]?.startsWith('--'));

const files = folders.flatMap((folder) => rulesetsIn(folder));
const found: Found[] = [];
let rules = 0;
let quiet = 0;
for (const file of files) {
  const document = createDocument(readFileSync(file, 'utf8'), { fileName: basename(file) });
  rules += lower(document.tree)
    .tables.flatMap(({ chains }) => chains)
    .reduce((sum, chain) => sum + chain.rules.length, 0);
  const findings = lint(document, readHints(document));
  if (!findings.some(({ severity }) => severity === 'error' || severity === 'warning')) quiet += 1;
  for (const { span, severity, code, message } of findings) {
    const line = lineAt(document, span.start);
    const text = document.tree.lines[line]?.text.trimEnd() ?? '';
    found.push({ file: basename(file), line: line + 1, text, severity, code, message });
  }
}
table();
for (const one of sampleOf(found)) console.log(JSON.stringify(one));

function after(flag: string): string | undefined {
  const at = words.indexOf(flag);
  return at === -1 ? undefined : words[at + 1];
}

function rulesetsIn(folder: string): readonly string[] {
  if (statSync(folder).isFile()) return [folder];
  const names = readdirSync(folder).sort();
  return names.filter((name) => /\.(?:rules6?|v[46]|save)$/.test(name)).map((name) => join(folder, name));
}

/** Every rule has its share, so that those that speak seldom are read too. */
function sampleOf(all: readonly Found[]): readonly Found[] {
  const below = numbersBelow(seed);
  const codes = new Map<string, Found[]>();
  for (const one of all) codes.set(one.code, [...(codes.get(one.code) ?? []), one]);
  const sample: Found[] = [];
  while (sample.length < sampleSize && codes.size > 0) {
    for (const [code, left] of codes) {
      const [taken] = left.splice(below(left.length), 1);
      if (taken) sample.push(taken);
      if (left.length === 0) codes.delete(code);
    }
  }
  return sample.slice(0, sampleSize);
}

function table(): void {
  const perHundred = (count: number) => ((count / rules) * 100).toFixed(2);
  console.log(
    `${thousands(files.length)} files, ${thousands(rules)} rules; without an error or a warning: ${quiet} files.\n`,
  );
  header('severity', 'findings', 'for 100 rules');
  for (const severity of SEVERITIES) {
    const count = found.filter((one) => one.severity === severity).length;
    row(severity, thousands(count), perHundred(count));
  }
  console.log('');
  header('rule', ...SEVERITIES, 'files');
  for (const { code } of LINT_RULES) {
    const own = found.filter((one) => one.code === code);
    if (own.length === 0) continue;
    const counts = SEVERITIES.map((severity) => own.filter((one) => one.severity === severity).length);
    row(
      `\`${code}\``,
      ...counts.map((count) => (count === 0 ? '' : thousands(count))),
      thousands(new Set(own.map(({ file }) => file)).size),
    );
  }
}
