/** docs/parity.md: how far `check` and `fmt` answer as iptables does. */
import type { Difference, Parity } from './parity';
import type { Reason } from './parity-reasons';

export function parityPage(results: ReadonlyMap<string, Parity>, reasons: readonly Reason[]): string {
  const differences = [...results.values()].flatMap((parity) => parity.differences);
  return [
    '# Parity with iptables',
    '',
    'How far `chainwalk check` gives the verdict that really loading a file gives, and the line that iptables names, and how',
    'far `chainwalk fmt` prints what iptables-save prints after loading it. Measured against recorded answers of iptables',
    '1.8.9 (legacy and nft) on Linux 6.18; the figures count an agreement only, a difference that has a reason is a',
    'difference still. Where iptables names a COMMIT for a rule that the kernel refuses, naming the rule counts as the same line.',
    '',
    '| source | asked | variant | verdict | line | saved text |',
    '| --- | --- | --- | --- | --- | --- |',
    ...[...results].flatMap(([name, parity]) => rows(name, parity)),
    '',
    '## The differences, and why they are there',
    '',
    ...reasons.flatMap((reason, index) => {
      const explained = differences.filter((one) => reasons.findIndex((other) => other.explains(one)) === index);
      return explained.length === 0 ? [] : [`- ${reason.text} (${counted(explained)})`];
    }),
    '',
    '## Rules with a word changed',
    '',
    'Rules that both variants accept get a word changed (dropped, twice, swapped, misspelt, out of range, negated, from',
    'another rule, another table, chain or family); iptables of the machine and Chainwalk are then asked. `npx vitest run test/parity-mutations.test.ts`',
    'asks a few hundred; with `CHAINWALK_MUTATIONS=5000` it asks so many of each variant, with another `CHAINWALK_SEED` others.',
    'At least 99.5 % must agree, host names and missing ipsets apart; what remains is printed.',
    '',
    'Reasons of what remains:',
    '',
    ...MUTATION_REASONS.map((reason) => (reason.startsWith(' ') ? reason : `- ${reason}`)),
    '',
    'Figures of runs of 5,000 (host names and missing ipsets apart), as the test prints them:',
    '',
    ...MUTATION_RUNS.map((run) => `- ${run}`),
    '',
    '## How to repeat it',
    '',
    '- `npx vitest run test/parity.test.ts`, where the reference data are (`CHAINWALK_DATA` names their folder); with',
    '  `UPDATE_EXPECT=1` it writes this page.',
    '- `npx vitest run test/check.test.ts` asks the iptables of the machine about every line of `test/data/diagnostics`.',
    '',
  ].join('\n');
}

/** Written by hand: what the mutation test leaves. */
const MUTATION_REASONS: readonly string[] = [
  'Odd spellings that iptables reads as another value, and that are refused here: numbers cut to 8, 16 or 32 bits',
  '  (`TPROXY --on-port 65536`, `connlabel --label 65536`, `CLASSIFY --set-class` of more than 8 digits), a second of `time`',
  '  with a sign, a DSCP class with more digits behind it, a `connlimit-mask` with holes.',
  '`-j NAT`, a name that the library of DNAT answers to by accident: it is not declared, so nothing is said of its options.',
];

/** Written by hand: what `CHAINWALK_MUTATIONS=5000 CHAINWALK_SEED=… ` printed. */
const MUTATION_RUNS: readonly string[] = [
  'seed 7: legacy 4983 of 4992, nft 4981 of 4992; seed 11: 4987 of 4997 each; seed 21: legacy 4986 of 4994',
  'seed 31, after what those showed was mended: legacy 4994 of 4999, nft 4994 of 4999',
  'seed 4711, 2,000: legacy 1999 of 2000, nft 1999 of 2000; the one, a `/` in the name of a hashlimit table, is refused since',
];

function rows(name: string, { tallies }: Parity): readonly string[] {
  return (['legacy', 'nft'] as const).map((variant) => {
    const cell = (aspect: Difference['aspect']) => {
      const tally = tallies.find((one) => one.variant === variant && one.aspect === aspect);
      return tally ? `${tally.agreeing} of ${tally.asked}` : '';
    };
    const asked = tallies.find((one) => one.variant === variant && one.aspect === 'verdict')?.asked ?? 0;
    return `| ${name} | ${asked} | ${variant} | ${cell('verdict')} | ${cell('line')} | ${cell('text')} |`;
  });
}

function counted(differences: readonly Difference[]): string {
  const by = new Map<string, number>();
  for (const { aspect, variant } of differences) {
    const key = `${aspect}, ${variant}`;
    by.set(key, (by.get(key) ?? 0) + 1);
  }
  return [...by].map(([key, count]) => `${key}: ${count}`).join('; ');
}
