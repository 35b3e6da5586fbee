/** Chainwalk beside iptables 1.8.9: the same verdict, the same line, and what iptables-save prints; or a reason. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Compared, compareAll, type Difference, type Parity } from './support/parity';
import { parityPage } from './support/parity-page';
import { REASONS } from './support/parity-reasons';
import {
  type Recorded,
  realRulesets,
  repairedRulesets,
  syntaxProbes,
  syntheticRulesets,
  testRows,
} from './support/recorded-answers';
import { sharedData } from './support/shared-data';

/** Without comments and counters; lines in no order, since iptables-save's own two variants order chains differently. */
const everyLine: Compared = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(withoutCounters)
    .sort();

const rulesAlone: Compared = (text) => text.split('\n').filter((line) => line.startsWith('-A'));

const rulesAndChains: Compared = (text) =>
  everyLine(text).filter((line) => /^(-A|:)/.test(line) && !/^:(INPUT|FORWARD|OUTPUT|P\w+ROUTING) ACCEPT/.test(line));

function withoutCounters(line: string): string {
  return line
    .replace(/^\[\d+:\d+\] /, '')
    .replace(/ \[\d+:\d+\]$/, '')
    .trimEnd();
}

const sources: readonly { readonly name: string; recorded(): readonly Recorded[]; readonly compared: Compared }[] = [
  { name: 'real rulesets', recorded: realRulesets, compared: everyLine },
  { name: 'refused ones, repaired', recorded: repairedRulesets, compared: everyLine },
  { name: "kube-proxy's shape", recorded: syntheticRulesets, compared: everyLine },
  { name: "rows of iptables' own tests", recorded: testRows, compared: rulesAlone },
  { name: 'probes of the syntax of files', recorded: syntaxProbes, compared: rulesAndChains },
];

const results = new Map<string, Parity>();

describe.skipIf(sharedData === undefined)('recorded answers', () => {
  test.each(sources)('$name', { timeout: 300_000 }, ({ name, recorded, compared }) => {
    const parity = compareAll(recorded(), compared);
    results.set(name, parity);
    expect(parity.differences.filter((one) => !isExplained(one)).map(textOf)).toEqual([]);
  });

  afterAll(() => {
    const page = join(import.meta.dirname, '..', 'docs', 'parity.md');
    if (process.env.UPDATE_EXPECT === '1') writeFileSync(page, parityPage(results, REASONS));
  });
});

function isExplained(difference: Difference): boolean {
  return REASONS.some((reason) => reason.explains(difference));
}

function textOf({ variant, aspect, recorded, detail }: Difference): string {
  return `${recorded.name} (${recorded.family}, ${variant}) ${aspect}: ${detail}`;
}
