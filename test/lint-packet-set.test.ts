import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { lower } from '../server/src/analysis/lower';
import { type Box, intersectBoxes, subtractBox } from '../server/src/analysis/packet-set';
import { type HeaderDimension, statesOf } from '../server/src/analysis/packet-space';
import { createWalker, splitByRule, type Walker } from '../server/src/analysis/rule-packets';
import { followHooks, freshGroup, type PacketGroup, verdictOf } from '../server/src/analysis/set-walk';
import { startOf, WAY_HOOKS } from '../server/src/lint/way';
import { addressPoint } from '../src-sim/net/address';
import {
  holds,
  type Interval,
  type IntervalSet,
  intersect,
  intervalSet,
  isSubset,
  subtract,
} from '../src-sim/net/interval-set';
import { tcpFlags } from '../src-sim/net/packet';
import { hasPorts, protocolNumber } from '../src-sim/net/protocol';
import { parsePacketLine } from '../src-sim/sim/packet-line';
import type { ScenarioPacket } from '../src-sim/sim/scenario';
import { simulate } from '../src-sim/sim/simulator';
import { EXTENSIONS } from '../src-sim/xt/registry';

const anInterval = fc.tuple(fc.nat(20), fc.nat(20)).map(([start, end]): Interval => ({ start, end }));
const aSet = fc.array(anInterval, { maxLength: 5 }).map(intervalSet);
const members = (set: IntervalSet): readonly number[] => [...Array(21).keys()].filter((point) => holds(set, point));

describe('interval sets', () => {
  it('behave as sets of their members', () => {
    fc.assert(
      fc.property(aSet, aSet, (a, b) => {
        const inB = new Set(members(b));
        expect(members(intersect(a, b))).toEqual(members(a).filter((point) => inB.has(point)));
        expect(members(subtract(a, b))).toEqual(members(a).filter((point) => !inB.has(point)));
        expect(isSubset(a, b)).toBe(members(a).every((point) => inB.has(point)));
      }),
    );
  });

  it('are sorted and disjoint, whatever they are made of', () => {
    fc.assert(
      fc.property(aSet, (set) =>
        set.every(({ start, end }, index) => start < end && start > (set[index - 1]?.end ?? -1)),
      ),
    );
  });
});

describe('boxes', () => {
  const walker = createWalker(lower(createDocument('*filter\nCOMMIT\n').tree));
  const aBox = fc.record({ sport: aSet, dport: aSet }, { requiredKeys: [] }).map((box): Box => box);
  const aPoint = fc.record({ sport: fc.nat(20), dport: fc.nat(20) });

  it('less a box are the packets that are not in it, each once', () => {
    fc.assert(
      fc.property(aBox, aBox, aPoint, (a, b, point) => {
        const parts = subtractBox(walker.space, a, b).filter((box) => contains(box, point));
        expect(parts).toHaveLength(contains(a, point) && !contains(b, point) ? 1 : 0);
        const common = intersectBoxes(a, b);
        expect(common !== undefined && contains(common, point)).toBe(contains(a, point) && contains(b, point));
      }),
    );
  });
});

const word = (...words: readonly string[]) => fc.constantFrom(...words);
const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), text);
const join = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(' '));

const aCondition = fc.oneof(
  fc.constant(''),
  join(word('', '!'), word('-s 198.51.100.0/24', '-s 198.51.100.7/32', '-d 203.0.113.1/32', '-s 0.0.0.0/0')),
  join(word('', '!'), word('-i eth0', '-i eth+', '-i lan0', '-i e')),
  join(fc.constant('-p tcp -m tcp'), maybe(join(word('', '!'), word('--dport 80', '--dport 20:90', '--sport 40000')))),
  word('-p tcp -m tcp --syn', '-p tcp -m tcp --tcp-flags SYN,ACK SYN', '-p tcp -m tcp ! --syn'),
  join(fc.constant('-p udp -m udp'), maybe(join(word('', '!'), word('--dport 53', '--sport 53')))),
  join(word('-p icmp', '! -p tcp', '-p 47')),
  join(
    fc.constant('-m conntrack'),
    word('', '!'),
    word('--ctstate NEW', '--ctstate ESTABLISHED,RELATED', '--ctstate INVALID'),
  ),
);
const aTarget = word('-j ACCEPT', '-j DROP', '-j RETURN', '-j one', '-g one', '-j two', '-g two', '');
const aRuleOf = (chain: string, target: fc.Arbitrary<string>) => join(fc.constant(`-A ${chain}`), aCondition, target);
const rulesOf = (chain: string, target: fc.Arbitrary<string>) => fc.array(aRuleOf(chain, target), { maxLength: 5 });

const aRuleset = fc
  .tuple(
    word('ACCEPT', 'DROP'),
    rulesOf('INPUT', aTarget),
    rulesOf('one', word('-j ACCEPT', '-j DROP', '-j RETURN', '-j two', '-g two')),
    rulesOf('two', word('-j ACCEPT', '-j DROP', '-j RETURN', '')),
  )
  .map(([policy, ...rules]) =>
    ['*filter', `:INPUT ${policy} [0:0]`, ':one - [0:0]', ':two - [0:0]', ...rules.flat(), 'COMMIT', ''].join('\n'),
  );

const aPacket = fc
  .record({
    in: word('eth0', 'eth1', 'lan0', 'wan0'),
    src: word('198.51.100.7', '198.51.100.8', '192.0.2.9'),
    dst: word('203.0.113.1', '203.0.113.2'),
    proto: word('tcp', 'udp', 'icmp', '47'),
    sport: fc.constantFrom(53, 40_000),
    dport: fc.constantFrom(22, 53, 80, 8080),
    flags: word('S', 'A', 'SA'),
  })
  .map((packet): ScenarioPacket => (packet.proto === 'icmp' ? { ...packet, icmp: { type: 8 } } : packet));

const HOST = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24'] },
    eth1: { addresses: ['203.0.113.2/32'] },
    lan0: { addresses: ['10.0.0.1/8'] },
    wan0: { addresses: ['192.0.2.1/24'] },
  },
  routes: ['default via 192.0.2.254 dev wan0'],
};

describe('a walk of sets', () => {
  it('ends for every packet where the simulator says that this packet ends', () => {
    fc.assert(
      fc.property(aRuleset, fc.array(aPacket, { minLength: 8, maxLength: 8 }), (text, packets) => {
        const ruleset = lower(createDocument(text).tree);
        const walker = createWalker(ruleset, Object.keys(HOST.interfaces));
        const start = freshGroup(walker.space, startOf(walker.space, 'INPUT', NO_HINTS));
        const groups = (['NEW', 'INVALID'] as const).map((state) =>
          followHooks(walker, [start], { hooks: WAY_HOOKS.INPUT, tracked: [state] }),
        );
        for (const packet of packets) {
          const [seen] = simulate(ruleset, { host: HOST, packets: [packet] }).packets;
          const state = seen?.steps.find((step) => step.kind === 'conntrack')?.state ?? 'NEW';
          const ours = groups[state === 'INVALID' ? 1 : 0] ?? [];
          const [group, ...others] = ours.filter(({ box }) => contains(box, pointOf(walker, packet)));
          expect(others).toEqual([]);
          expect(group?.certain).toBe(true);
          expect(group && verdictOf(group)).toBe(seen?.fate.kind === 'dropped' ? 'drop' : 'accept');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is not certain of packets that met a rule which takes only some of them', () => {
    const text =
      '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m unheard-of --of 3 -j ACCEPT\n-A INPUT -p udp -j ACCEPT\nCOMMIT\n';
    const walker = createWalker(lower(createDocument(text).tree));
    const start = freshGroup(walker.space, startOf(walker.space, 'INPUT', NO_HINTS));
    const ended = followHooks(walker, [start], { hooks: WAY_HOOKS.INPUT, tracked: ['NEW'] });
    expect(ended.map((group) => [protocolsOf(group), verdictOf(group), group.certain])).toEqual([
      ['0-5 7-16 18-255', 'drop', true],
      ['6', 'drop', false],
      ['6', 'accept', false],
      ['17', 'accept', true],
    ]);
  });

  it('gives up rather than blow up', () => {
    const rules = Array.from(
      { length: 400 },
      (_, n) => `-A INPUT ! -s 10.${n % 256}.0.0/16 -p tcp ! --dport ${n} -j c${n % 7}`,
    );
    const chains = Array.from(
      { length: 7 },
      (_, n) => `-A c${n} -p tcp ! --sport ${n}:${n + 1000} ! -d 10.0.${n}.0/24 -j RETURN`,
    );
    const declared = chains.map((_, n) => `:c${n} - [0:0]`);
    const text = ['*filter', ':INPUT DROP [0:0]', ...declared, ...rules, ...chains, 'COMMIT', ''].join('\n');
    const walker = createWalker(lower(createDocument(text).tree));
    const start = freshGroup(walker.space, startOf(walker.space, 'INPUT', NO_HINTS));
    followHooks(walker, [start], { hooks: WAY_HOOKS.INPUT, tracked: ['NEW'] });
    expect(walker.budget).toBeLessThan(0);
  });
});

describe('what a match says of sets is what it says of packets', () => {
  const examples = EXTENSIONS.flatMap((extension) =>
    extension.families.includes('ipv4')
      ? extension.examples.map((example) => ({ ...example, name: extension.name }))
      : [],
  ).filter((example) => example.kind === 'packet');

  it.each(examples)('$name: $rule: $packet', ({ rule, packet: line, matched }) => {
    const document = createDocument(`*filter\n-A FORWARD ${rule} -j ACCEPT\nCOMMIT\n`);
    const ruleset = lower(document.tree);
    const read = parsePacketLine(line);
    const lowered = ruleset.tables[0]?.chains.find(({ name }) => name === 'FORWARD')?.rules[0];
    if (!read.ok || lowered === undefined) throw new Error('the example cannot be read');
    // Sets are of whole packets.
    if (read.packet.frag) return;
    const walker = createWalker(ruleset, [read.packet.in ?? 'lo']);
    const { taken, left } = splitByRule(walker, boxOf(pointOf(walker, read.packet)), lowered);
    const isSure = taken.every(({ exact }) => exact) && (taken.length === 0 || left.length === 0);
    if (isSure) expect(taken.length > 0).toBe(matched);
  });
});

type Values = { readonly [D in HeaderDimension]?: number | bigint };

function boxOf(point: Values): Box {
  return Object.fromEntries(
    Object.entries(point).map(([dimension, value]) => [
      dimension,
      [{ start: value, end: typeof value === 'bigint' ? value + 1n : value + 1 }],
    ]),
  );
}

function contains(box: Box, point: Values): boolean {
  return (Object.entries(box) as [HeaderDimension, IntervalSet][]).every(([dimension, set]) => {
    const value = point[dimension];
    return value === undefined || holds(set, value);
  });
}

function pointOf(walker: Walker, packet: ScenarioPacket): Values {
  const isTcp = packet.proto === 'tcp';
  const protocol = protocolNumber(String(packet.proto)) ?? 0;
  return {
    src: addressPoint(packet.src),
    dst: addressPoint(packet.dst),
    in: walker.space.interfaces.indexOf(packet.in ?? ''),
    protocol,
    sport: hasPorts(protocol) ? (packet.sport ?? 0) : 0,
    dport: hasPorts(protocol) ? (packet.dport ?? 0) : 0,
    tcpFlags: isTcp ? tcpFlags(packet.flags ?? 'S') : 0,
    icmp: ((packet.icmp?.type ?? 8) << 8) | (packet.icmp?.code ?? 0),
    mark: 0,
  };
}

function protocolsOf({ box }: PacketGroup): string {
  return (box.protocol ?? [])
    .map(({ start, end }) => (Number(end) - Number(start) === 1 ? `${start}` : `${start}-${Number(end) - 1}`))
    .join(' ');
}

it('states are points of their own', () => {
  expect(intersect(statesOf('NEW'), statesOf('UNTRACKED'))).toEqual([]);
});
