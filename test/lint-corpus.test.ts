/** Real rulesets: what these rules find in them was read, and judged to be true. Skipped where the corpus is not there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { LINT_RULES } from '../server/src/lint/registry';
import { lint } from '../server/src/lint/run';
import { sharedData } from './support/shared-data';

const folder = sharedData && join(sharedData, 'corpus', 'real');
const files = folder ? readdirSync(folder).filter((name) => name.endsWith('.rules')) : [];

/** Rules whose every finding was read. */
const READ: ReadonlySet<string> = new Set([
  'notrack-without-untracked',
  'notrack-one-way',
  'established-behind-lvs-dr',
  'lvs-dr-invalid-drop',
  'ct-match-in-raw',
  'pmtu-blackhole',
  'ufw-beside',
  'docker-bypasses-input',
  'nat-edit-keeps-old-flows',
]);

/** File, by the beginning of its name, and its findings. */
const TRUE: ReadonlyMap<string, readonly string[]> = new Map([
  [
    // Port 80 comes in un-tracked by eth0: to the router itself, which accepts it as ESTABLISHED at most; and to the
    // servers behind it, whose answers are tracked alone.
    'diekmann+net-network__configs_psa__team_a__iptables-save.2016-03-02',
    ['5 information notrack-without-untracked', '5 warning notrack-one-way'],
  ],
  // The answers of the web server are tracked alone, INVALID, and OUTPUT denies them.
  [
    'diekmann+net-network__configs_psa__team_a__psa2_iptables-save.2015-11-14',
    ['39 warning notrack-one-way', '40 warning notrack-one-way'],
  ],
  [
    'diekmann+net-network__configs_psa__team_a__psa3_iptables-save.2015-11-14',
    ['5 warning notrack-one-way', '6 warning notrack-one-way'],
  ],
  // ICMP is dropped by name above the rule that accepts RELATED.
  ['Defreddy+Cybersecuritychallenge__iptables-save', ['11 warning pmtu-blackhole']],
  ['Defreddy+Cybersecuritychallenge__rules.v4', ['11 warning pmtu-blackhole']],
  // No states at all, and of ICMP the echo alone.
  [
    'diekmann+Iptables_Semantics__thy__Iptables_Semantics__Examples__IPPartEval__configs_ugent__iptables-save.v1.4.21',
    ['3 warning pmtu-blackhole'],
  ],
  ['diekmann+net-network__configs_ugent__iptables-save', ['3 warning pmtu-blackhole']],
]);

describe.skipIf(folder === undefined)('the corpus', () => {
  it('has these findings and no others', () => {
    const found = files.flatMap((name) => findingsOf(name).map((finding) => `${name}:${finding}`));
    const expected = files.flatMap((name) => {
      const [, findings = []] = [...TRUE].find(([beginning]) => name.startsWith(beginning)) ?? [];
      return findings.map((finding) => `${name}:${finding}`);
    });
    expect(found).toEqual(expected);
  });
});

function findingsOf(name: string): readonly string[] {
  const document = createDocument(readFileSync(join(folder ?? '', name), 'utf8'), { fileName: name });
  const rules = LINT_RULES.filter(({ code }) => READ.has(code));
  return lint(document, readHints(document), { rules }).map(
    ({ code, severity, span, witness }) =>
      `${lineAt(document, span.start) + 1} ${severity} ${code}${witness ? '' : ' without a witness'}`,
  );
}
