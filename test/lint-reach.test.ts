/** What reachability says of rules, held to what the simulator does with packets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { lower } from '../server/src/analysis/lower';
import type { Box } from '../server/src/analysis/packet-set';
import { CT_STATES, type HeaderDimension } from '../server/src/analysis/packet-space';
import { type Reach, reachabilityOf, type Sample } from '../server/src/analysis/reach/reachability';
import { createWalker, type RuleRef, type Walker } from '../server/src/analysis/rule-packets';
import { nameOf } from '../server/src/lint/define';
import { pickPacket } from '../server/src/lint/pick-packet';
import { hostFor, scenarioPacket } from '../server/src/lint/witness';
import { tcpFlagLetters } from '../src-sim/net/packet';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../src-sim/sim/scenario';
import { simulate } from '../src-sim/sim/simulator';

function load(text: string) {
  const walker = createWalker(lower(createDocument(text).tree), ['eth0', 'eth1', 'lan0', 'wan0']);
  return { walker, reach: reachabilityOf(walker), refs: refsOf(walker.ruleset) };
}

function refsOf({ tables }: Ruleset): readonly RuleRef[] {
  return tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, rules }) => rules.map((rule, index) => ({ table, chain, number: index + 1, rule }))),
  );
}

const word = (...words: readonly string[]) => fc.constantFrom(...words);
const not = (text: fc.Arbitrary<string>) => fc.tuple(word('', '', '! '), text).map(([bang, words]) => bang + words);
const join = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(' '));
const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), text);

const addresses = not(word('-s 198.51.100.0/24', '-s 198.51.100.7/32', '-s 198.51.100.0/25', '-d 203.0.113.1/32'));
const transport = word('tcp', 'udp').chain((protocol) =>
  join(
    fc.constant(`-p ${protocol} -m ${protocol}`),
    maybe(not(word('--dport 80', '--dport 20:90', '--dport 0:1023', '--dport 1024:65535', '--sport 40000'))),
  ),
);
const condition = fc.oneof(
  fc.constant(''),
  addresses,
  join(addresses, transport),
  transport,
  not(word('-i eth0', '-i eth+', '-i lan0')),
  not(word('-p icmp', '-p tcp', '-p udp')),
  word('-p tcp -m multiport --dports 22,80', '-p tcp -m multiport --ports 22,80', '-p udp -m multiport ! --ports 53'),
  word('-p tcp -m tcp --syn', '-p tcp -m tcp ! --syn', '-p icmp -m icmp --icmp-type 8'),
  join(fc.constant('-m conntrack'), not(word('--ctstate NEW', '--ctstate INVALID', '--ctstate NEW,INVALID'))),
  not(word('--match-set some src', '--match-set some dst', '--match-set other src')).map((text) => `-m set ${text}`),
  word('-m limit --limit 5/s', '-m mark --mark 0', '-m mark ! --mark 0x1/0x3'),
);
const target = word(
  '-j ACCEPT',
  '-j DROP',
  '-j REJECT',
  '-j RETURN',
  '-j LOG',
  '-j one',
  '-g one',
  '-j two',
  '-g two',
  '',
);
const rulesOf = (chain: string, targets: fc.Arbitrary<string>) =>
  fc.array(join(fc.constant(`-A ${chain}`), condition, targets), { maxLength: 9 });

const ruleset = fc
  .tuple(
    word('ACCEPT', 'DROP'),
    rulesOf('INPUT', target),
    rulesOf('one', word('-j ACCEPT', '-j DROP', '-j RETURN', '-j two', '-g two')),
    rulesOf('two', word('-j ACCEPT', '-j DROP', '-j RETURN', '')),
  )
  .map(([policy, ...rules]) =>
    ['*filter', `:INPUT ${policy} [0:0]`, ':one - [0:0]', ':two - [0:0]', ...rules.flat(), 'COMMIT', ''].join('\n'),
  );

const packet = fc
  .record({
    in: word('eth0', 'eth1', 'lan0', 'wan0'),
    src: word('198.51.100.7', '198.51.100.8', '198.51.100.200', '192.0.2.9'),
    dst: word('203.0.113.1', '203.0.113.2'),
    proto: word('tcp', 'udp', 'icmp', '47'),
    sport: fc.constantFrom(53, 40_000),
    dport: fc.constantFrom(22, 53, 80, 8080),
    flags: word('S', 'A', 'SA'),
  })
  .map((one): ScenarioPacket => (one.proto === 'icmp' ? { ...one, icmp: { type: 8 } } : one));

const IPSETS =
  'create some hash:net\nadd some 198.51.100.0/25\nadd some 203.0.113.2\ncreate other hash:ip\nadd other 192.0.2.9\n';

const HOST: HostDescription = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24'] },
    eth1: { addresses: ['203.0.113.2/32'] },
    lan0: { addresses: ['10.0.0.1/8'] },
    wan0: { addresses: ['192.0.2.1/24'] },
  },
  routes: ['default via 192.0.2.254 dev wan0'],
  ipsets: IPSETS,
};

function matchedBy(rules: Ruleset, host: HostDescription, one: ScenarioPacket): ReadonlySet<string> {
  const [result] = simulate(rules, { host, packets: [one] }, { explain: 'matched' }).packets;
  const steps = result?.steps.filter((step) => step.kind === 'rule' && step.matched) ?? [];
  return new Set(steps.map((step) => ('chain' in step ? `${step.chain}:${step.number}` : '')));
}

describe('reachability', () => {
  it('calls no rule dead that a packet meets', () => {
    let dead = 0;
    fc.assert(
      fc.property(ruleset, fc.array(packet, { minLength: 12, maxLength: 12 }), (text, packets) => {
        const { walker, reach, refs } = load(text);
        const gone = refs.filter((ref) => ['taken', 'contradiction', 'unreferenced'].includes(reach.of(ref).kind));
        dead += gone.length;
        const matched = packets.map((one) => matchedBy(walker.ruleset, HOST, one));
        for (const { chain, number } of gone) {
          expect(matched.some((rules) => rules.has(`${chain}:${number}`))).toBe(false);
        }
      }),
      { numRuns: 250 },
    );
    expect(dead).toBeGreaterThan(200);
  });

  it('shows a packet for a rule that is not dead, and the simulator has it matched', () => {
    let shown = 0;
    fc.assert(
      fc.property(ruleset, (text) => {
        const { walker, reach, refs } = load(text);
        for (const ref of refs) {
          const found = reach.of(ref);
          const scenario = found.kind === 'reached' && found.isSure ? scenarioOf(walker, found.sample) : undefined;
          if (scenario === undefined) continue;
          const [result] = simulate(walker.ruleset, scenario, { explain: 'matched' }).packets;
          const state = result?.steps.find((step) => step.kind === 'conntrack')?.state;
          if (state !== undefined && state !== scenario.state) continue;
          shown += 1;
          const met = result?.steps.some(
            (step) => step.kind === 'rule' && step.matched && step.chain === ref.chain && step.number === ref.number,
          );
          expect({ text, ref: nameOf(ref), met }).toEqual({ text, ref: nameOf(ref), met: true });
        }
      }),
      { numRuns: 400 },
    );
    expect(shown).toBeGreaterThan(800);
  });

  it('needs each of the rules that it names, and no others', () => {
    fc.assert(
      fc.property(ruleset.map(withoutReturns), (text) => {
        const { reach, refs } = load(text);
        for (const ref of refs) {
          const found = reach.of(ref);
          if (found.kind !== 'taken') continue;
          const without = (lost: readonly number[]) =>
            load(
              text
                .split('\n')
                .filter((_, line) => !lost.includes(line))
                .join('\n'),
            );
          for (const spared of found.by) {
            const others = refs.filter(({ rule }) => ends(rule.target) && !found.by.some((one) => one.rule === rule));
            const lost = [...others.map(({ rule }) => rule.line), spared.rule.line].filter(
              (line) => line !== ref.rule.line,
            );
            const again = without(lost);
            const same = again.refs.find(
              ({ rule }) => rule.line === ref.rule.line - lost.filter((l) => l < ref.rule.line).length,
            );
            expect(same && again.reach.of(same).kind).not.toBe('taken');
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Rules that send packets back take none away, but spare them others. */
function withoutReturns(text: string): string {
  return text.replaceAll('-j RETURN', '-j ACCEPT').replaceAll('-g ', '-j ');
}

function ends(target: RuleRef['rule']['target']): boolean {
  return target.kind === 'target' && ['ACCEPT', 'DROP', 'REJECT'].includes(target.name);
}

const DIMENSIONS: readonly HeaderDimension[] = [
  'protocol',
  'src',
  'dst',
  'sport',
  'dport',
  'tcpFlags',
  'icmp',
  'in',
  'out',
];

/** Undefined for packets that no host receives, and those in sets. */
function scenarioOf({ space }: Walker, { values }: Sample) {
  if (['some', 'other'].some((name) => ['src', 'dst'].some((end) => values(`question set ${name} ${end}`) === 1)))
    return;
  if (values('mark') !== 0 || values('question mark 1/3') === 1) return;
  const point = (value: number | bigint) => [{ start: value, end: typeof value === 'bigint' ? value + 1n : value + 1 }];
  const box: Box = Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, point(values(dimension))]));
  const picked = pickPacket(space, box, 'INPUT');
  const flags = tcpFlagLetters(Number(values('tcpFlags')));
  if (picked === undefined || picked.in === 'lo' || !isUnicast(picked.src) || !isUnicast(picked.dst)) return;
  const scenario = { host: hostFor(picked, 'INPUT', NO_HINTS), packets: [scenarioPacket(picked, 'INPUT', flags)] };
  const host = { ...scenario.host, ipsets: 'create some hash:net\ncreate other hash:ip\n' };
  return { ...scenario, host, state: CT_STATES[Number(values('state'))] };
}

function isUnicast(address: string): boolean {
  const first = Number(address.split('.')[0]);
  return first > 0 && first < 224 && first !== 127;
}

describe('what is asked', () => {
  const reachOf = (rules: readonly string[], number: number, table = 'filter'): Reach => {
    const { reach, refs } = load([`*${table}`, ':INPUT DROP [0:0]', ':own - [0:0]', ...rules, 'COMMIT', ''].join('\n'));
    const ref = refs[number - 1];
    if (ref === undefined) throw new Error('no such rule');
    return reach.of(ref);
  };
  const kindOf = (rules: readonly string[], number: number, table?: string) => reachOf(rules, number, table).kind;

  it.each([
    [
      'a union of rules',
      ['-A INPUT -p tcp --dport :1023 -j ACCEPT', '-A INPUT -p tcp --dport 1024: -j DROP', '-A INPUT -p tcp -j ACCEPT'],
    ],
    [
      'a set asked twice',
      ['-A INPUT -m set --match-set a src -j DROP', '-A INPUT -p tcp -m set --match-set a src -j ACCEPT'],
    ],
    [
      'a set and its complement',
      [
        '-A INPUT -m set --match-set a src -j DROP',
        '-A INPUT -m set ! --match-set a src -j DROP',
        '-A INPUT -j ACCEPT',
      ],
    ],
    ['a mark asked twice', ['-A INPUT -m mark --mark 0x4/0xc -j DROP', '-A INPUT -m mark --mark 0x4/0xc -j ACCEPT']],
  ])('%s takes all', (_, rules) => {
    expect(kindOf(rules, rules.length)).toBe('taken');
  });

  it.each([
    ['a limit', ['-A INPUT -m limit --limit 1/s -j DROP', '-A INPUT -m limit --limit 1/s -j DROP']],
    [
      'another end of a set',
      ['-A INPUT -m set --match-set a src -j DROP', '-A INPUT -m set --match-set a dst -j DROP'],
    ],
    [
      'a set that changes',
      [
        '-A INPUT -m set --match-set a src -j DROP',
        '-A INPUT -j SET --add-set a src',
        '-A INPUT -m set --match-set a src -j DROP',
      ],
    ],
    [
      'a mark that changes',
      ['-A INPUT -m mark ! --mark 1 -j DROP', '-A INPUT -j MARK --set-mark 2', '-A INPUT -m mark --mark 2 -j DROP'],
    ],
    ['a probability', ['-A INPUT -m statistic --mode random --probability 1 -j DROP', '-A INPUT -j DROP']],
  ])('%s proves nothing', (_, rules) => {
    expect(kindOf(rules, rules.length)).toBe('reached');
  });

  it('a chain is dead when all its callers are', () => {
    const call = ['-A INPUT -p tcp -j own', '-A INPUT -p udp -j own'];
    expect(kindOf([...call, '-A own -p icmp -j DROP'], 3)).toBe('contradiction');
    expect(kindOf(['-A INPUT -p tcp -j DROP', ...call, '-A own -p tcp -j DROP'], 4)).toBe('taken');
    expect(kindOf(['-A INPUT -p tcp -j DROP', ...call, '-A own -p udp -j DROP'], 4)).toBe('reached');
  });

  it('a return in a called chain spares what it returns', () => {
    const own = ['-A own -s 198.51.100.0/24 -j RETURN', '-A own -j DROP'];
    expect(kindOf(['-A INPUT -j own', '-A INPUT -s 198.51.100.7 -j ACCEPT', ...own], 2)).toBe('reached');
    expect(kindOf(['-A INPUT -j own', '-A INPUT -s 192.0.2.7 -j ACCEPT', ...own], 2)).toBe('taken');
  });
});

describe('large rulesets', () => {
  const lines = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, n) => line(n));
  const address = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  const linear = lines(10_000, (n) => `-A INPUT -s ${address(n)} -p tcp -m tcp --dport ${1 + (n % 60_000)} -j ACCEPT`);
  const services = lines(5_000, (n) => `-A INPUT -d ${address(n)} -p udp -m udp --dport 53 -j c${n}`);
  const chains = lines(5_000, (n) => `-A c${n} -s ${address(n)} -j DROP\n-A c${n} -p udp -j ACCEPT`);
  const declared = lines(5_000, (n) => `:c${n} - [0:0]`);

  it.each([
    ['10,000 rules in one chain', [...linear, '-A INPUT -p tcp -j DROP']],
    ['5,000 services with chains of their own', [...declared, ...services, ...chains]],
  ])('%s are told within a second or two', (_, rules) => {
    const { reach, refs } = load(['*filter', ':INPUT DROP [0:0]', ...rules, 'COMMIT', ''].join('\n'));
    const begin = performance.now();
    const kinds = new Set(refs.map((ref) => reach.of(ref).kind));
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect([...kinds]).toEqual(['reached']);
  });
});
