/** What the kernel holds after a restore file: as rules, and as iptables-save of this machine prints it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import { askSave, canAskRestore } from './support/ask-restore';
import { printRuleset } from './support/print-ruleset';
import { restoreText } from './support/random-rulesets';
import { sharedData } from './support/shared-data';

const lowered = (text: string): Ruleset => lower(createDocument(text, { family: 'ipv4' }).tree);

/** Blocks of table filter, and its lines after them, as iptables-save prints them. */
const cases: readonly {
  readonly name: string;
  readonly lines: readonly string[];
  readonly saved: readonly string[];
}[] = [
  {
    name: 'policies',
    lines: [':INPUT DROP', ':OUTPUT -', '-P FORWARD DROP'],
    saved: [':INPUT DROP', ':FORWARD DROP', ':OUTPUT ACCEPT'],
  },
  {
    name: 'addresses make a rule each, sources first',
    lines: ['-A INPUT -d 3.3.3.3,4.4.4.4 -s 1.1.1.1,2.2.2.2'],
    saved: [
      '-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32',
      '-A INPUT -s 1.1.1.1/32 -d 4.4.4.4/32',
      '-A INPUT -s 2.2.2.2/32 -d 3.3.3.3/32',
      '-A INPUT -s 2.2.2.2/32 -d 4.4.4.4/32',
    ],
  },
  {
    name: 'inserted one by one, they stand in reverse',
    lines: ['-A INPUT -j DROP', '-I INPUT -s 1.1.1.1,2.2.2.2'],
    saved: ['-A INPUT -s 2.2.2.2/32', '-A INPUT -s 1.1.1.1/32', '-A INPUT -j DROP'],
  },
  {
    name: 'insert, replace, delete by number',
    lines: [
      '-A INPUT -s 1.1.1.1',
      '-I INPUT 2 -s 2.2.2.2',
      '-I INPUT -s 3.3.3.3',
      '-R INPUT 2 -s 4.4.4.4',
      '-D INPUT 3',
    ],
    saved: ['-A INPUT -s 3.3.3.3/32', '-A INPUT -s 4.4.4.4/32'],
  },
  {
    name: 'delete by rule: the first that is the same, however it is written',
    lines: ['-A INPUT -p tcp -m tcp --dport 22', '-A INPUT -p tcp --dport 80', '-D INPUT -p 6 --dport ssh'],
    saved: ['-A INPUT -p tcp -m tcp --dport 80'],
  },
  {
    name: 'flush',
    lines: [':own -', '-A INPUT -j own', '-A own -j DROP', '-F own'],
    saved: [':own -', '-A INPUT -j own'],
  },
  { name: 'chains made and deleted', lines: ['-N a', '-N b', '-X a'], saved: [':b -'] },
  {
    name: 'a chain renamed keeps its callers',
    lines: [':a -', ':b -', '-A INPUT -j a', '-E a c', '-A INPUT -j c'],
    saved: [':b -', ':c -', '-A INPUT -j c', '-A INPUT -j c'],
  },
  { name: 'a chain comes before a target', lines: [':LOG -', '-A INPUT -j LOG'], saved: [':LOG -', '-A INPUT -j LOG'] },
  { name: 'a goto', lines: [':own -', '-A INPUT -p udp -g own'], saved: [':own -', '-A INPUT -p udp -g own'] },
  {
    name: 'matches in the order in which they were loaded, -p by itself when it is first needed',
    lines: ['-A INPUT -m mark --mark 1 -p tcp --dport 22 -m comment --comment x -j ACCEPT'],
    saved: ['-A INPUT -p tcp -m mark --mark 0x1 -m tcp --dport 22 -m comment --comment x -j ACCEPT'],
  },
  {
    name: 'options behind the target, and two of one match',
    lines: [
      '-A INPUT -p tcp -j REJECT --dport 22 --reject-with tcp-reset',
      '-A INPUT -p tcp -m tcp --dport 1 -m tcp --dport 2',
    ],
    saved: [
      '-A INPUT -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset',
      '-A INPUT -p tcp -m tcp --dport 1 -m tcp --dport 2',
    ],
  },
  {
    name: 'what says nothing is left out',
    lines: ['-A INPUT -s 0/0 -i + -p all', '-A INPUT -6 -s ::1', '-A INPUT -4'],
    saved: ['-A INPUT', '-A INPUT'],
  },
  {
    name: 'a second block replaces the first; policies stay',
    lines: [':INPUT DROP', ':a -', '-A INPUT -s 1.1.1.1', 'COMMIT', '*filter', '-A INPUT -s 2.2.2.2'],
    saved: [':INPUT DROP', '-A INPUT -s 2.2.2.2/32'],
  },
];

describe('a restore file, loaded', () => {
  const answers = canAskRestore ? askSave(cases.map(({ lines }) => restoreFile(lines))) : [];

  test.each(cases.map((one, index) => [one.name, one, index] as const))('%s', (_, { lines, saved }, index) => {
    const policies = ['INPUT', 'FORWARD', 'OUTPUT'].map(
      (chain) => saved.find((line) => line.startsWith(`:${chain} `)) ?? `:${chain} ACCEPT`,
    );
    const rest = saved.filter((line) => !/^:(INPUT|FORWARD|OUTPUT) /.test(line));
    const expected = ['*filter', ...policies, ...rest, 'COMMIT', ''].join('\n');
    expect(sorted(printRuleset(lowered(restoreFile(lines))))).toBe(sorted(expected));
    if (canAskRestore) expect(sorted(answers[index] ?? '')).toBe(sorted(expected));
  });

  function restoreFile(lines: readonly string[]): string {
    return ['*filter', ...lines, 'COMMIT', ''].join('\n');
  }
});

test('counters of chains and rules', () => {
  const text = '*filter\n:INPUT DROP [3:180]\n[1:60] -A INPUT -j ACCEPT\n-A INPUT -c 2 90 -j DROP\nCOMMIT\n';
  const [input] = lowered(text).tables[0]?.chains ?? [];
  expect(input?.counters).toEqual({ packets: 3, bytes: 180 });
  expect(input?.rules.map((rule) => rule.counters)).toEqual([
    { packets: 1, bytes: 60 },
    { packets: 2, bytes: 90 },
  ]);
});

describe('leniently', () => {
  const rules = (text: string) => lowered(text).tables[0]?.chains.flatMap((chain) => chain.rules) ?? [];

  test('a jump to a chain that comes later is a jump', () => {
    expect(rules('*filter\n-A INPUT -j later\n:later -\nCOMMIT\n')[0]?.target).toEqual({
      kind: 'jump',
      chain: 'later',
    });
  });
  test('what nobody knows is marked', () => {
    const [rule] = rules('*filter\n-A INPUT -m geoip --src-cc CN -p tcp --dport 700000 -j TARPIT\nCOMMIT\n');
    expect(rule?.matches.map(({ name, unknown }) => [name, unknown])).toEqual([
      ['builtin', undefined],
      ['geoip', '"--src-cc CN" of geoip is not known'],
      ['tcp', 'the value of --dport cannot be read'],
    ]);
    expect(rule?.target).toMatchObject({ kind: 'target', name: 'TARPIT', unknown: 'the target "TARPIT" is not known' });
  });
  test('a rule remembers its line', () => {
    expect(rules('\n*filter\n\n-A INPUT -s 1.1.1.1,2.2.2.2\nCOMMIT\n').map((rule) => rule.line)).toEqual([3, 3]);
  });
});

test('a ruleset is JSON, and says all that its text says: printed and read again it is the same', () => {
  fc.assert(
    fc.property(restoreText, (text) => {
      const first = lowered(text);
      fc.pre(!saysUnknown(first));
      expect(JSON.parse(JSON.stringify(first))).toEqual(first);
      const printed = printRuleset(first);
      expect(printRuleset(lowered(printed))).toBe(printed);
    }),
    { numRuns: 200 },
  );
});

function saysUnknown(ruleset: Ruleset): boolean {
  return JSON.stringify(ruleset).includes('"unknown":');
}

/** User-defined chains stand in the order of their making here, in that of their names in the kernel. */
function sorted(text: string): string {
  return text.split('\n').sort().join('\n');
}

const real = sharedData === undefined ? '' : join(sharedData, 'corpus', 'real');
const saves = sharedData === undefined ? '' : join(sharedData, 'corpus', 'saved');

describe.skipIf(!existsSync(saves))('real rulesets, as iptables saved them', () => {
  const files = existsSync(saves) ? readdirSync(saves).filter((name) => name.endsWith('.legacy-save')) : [];

  test.for(files)('%s', (file, { skip }) => {
    const source = join(real, basename(file, '.legacy-save'));
    if (!existsSync(source)) skip('its source is elsewhere');
    const saved = readFileSync(join(saves, file), 'utf8');
    const family = /icmp6|::/.test(saved) ? 'ipv6' : 'ipv4';
    const document = createDocument(readFileSync(source, 'utf8'), { family, fileName: source });
    const ruleset = lower(document.tree);
    if (saysUnknown(ruleset)) skip('it holds what is not declared yet');
    expect(rulesOf(printRuleset(ruleset))).toEqual(rulesOf(saved));
  });

  /** Rules by chain, in their order. */
  function rulesOf(text: string): readonly string[] {
    const chains = new Map<string, string[]>();
    let table = '';
    for (const line of text.split('\n')) {
      if (line.startsWith('*')) table = line;
      const chain = /^(?:\[\d+:\d+\] )?-A (\S+)/.exec(line)?.[1];
      if (chain === undefined) continue;
      const rules = chains.get(`${table} ${chain}`) ?? [];
      rules.push(line.replace(/^\[\d+:\d+\] /, ''));
      chains.set(`${table} ${chain}`, rules);
    }
    return [...chains].flatMap(([chain, rules]) => [chain, ...rules]).sort();
  }
});
