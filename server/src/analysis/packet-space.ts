/**
 * What sets of packets are drawn on: the dimensions, and for one ruleset the values that each can have.
 */
import type { CtState } from '../../../src-sim/conntrack/entry';
import type { Family } from '../../../src-sim/net/address';
import { allAddresses } from '../../../src-sim/net/address-interval';
import { type IntervalSet, interval, intervalSet, NOTHING } from '../../../src-sim/net/interval-set';
import type { AddressType } from '../../../src-sim/xt/world';

export type Dimension = HeaderDimension | Question;

/** What headers do not tell: 1 for yes. Packets have an answer, and it is the same each time it is asked. */
export type Question = `question ${string}`;

export type HeaderDimension =
  | 'protocol'
  | 'src'
  | 'dst'
  | 'sport'
  | 'dport'
  | 'tcpFlags'
  | 'icmp'
  | 'in'
  | 'out'
  | 'state'
  | 'mark'
  | 'srcType'
  | 'dstType';

/** Everything that the boxes of one ruleset are drawn on. */
export interface Space {
  readonly family: Family;
  /**
   * Interfaces as a rule can tell them apart: each name that a rule has, one more for each `eth+`, and one that nobody
   * names. The first, without a name, stands for "none", the second is `lo`.
   */
  readonly interfaces: readonly string[];
  /** What rules write: `eth0`, `eth+`. */
  readonly patterns: readonly string[];
  readonly domains: Readonly<Record<HeaderDimension, IntervalSet>>;
}

const ANSWERS: IntervalSet = interval(0, 2);

/** Every value that a dimension can have. */
export function domainOf(space: Space, dimension: Dimension): IntervalSet {
  return isQuestion(dimension) ? ANSWERS : space.domains[dimension];
}

function isQuestion(dimension: Dimension): dimension is Question {
  return dimension.startsWith('question ');
}

export const CT_STATES: readonly CtState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

const ADDRESS_TYPES: readonly AddressType[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
];

export function createSpace(family: Family, interfacePatterns: Iterable<string>): Space {
  const patterns = new Set(interfacePatterns);
  const interfaces = interfaceAtoms(patterns);
  const below = (end: number): IntervalSet => interval(0, end);
  const addresses = allAddresses(family);
  return {
    family,
    interfaces,
    patterns: [...patterns],
    domains: {
      protocol: below(256),
      src: addresses,
      dst: addresses,
      sport: below(65_536),
      dport: below(65_536),
      tcpFlags: below(256),
      icmp: below(65_536),
      in: below(interfaces.length),
      out: below(interfaces.length),
      state: below(CT_STATES.length),
      mark: below(2 ** 32),
      srcType: below(ADDRESS_TYPES.length),
      dstType: below(ADDRESS_TYPES.length),
    },
  };
}

/** Every interface but the loopback. */
export function devices(space: Space): IntervalSet {
  return interval(2, space.interfaces.length);
}

/** What packets have that have no interface on this side: the input interface in OUTPUT. */
export const NO_DEVICE: IntervalSet = interval(0, 1);

export function statesOf(...states: readonly CtState[]): IntervalSet {
  return pointsIn(CT_STATES, states);
}

export function addressTypesOf(...types: readonly AddressType[]): IntervalSet {
  return pointsIn(ADDRESS_TYPES, types);
}

/** The interfaces of the space that a pattern (`eth0`, `eth+`) takes. */
export function interfacesLike(space: Space, pattern: string): IntervalSet {
  return pointsIn(
    space.interfaces,
    space.interfaces.filter((name) => isLike(name, pattern)),
  );
}

export function points(members: readonly number[]): IntervalSet {
  return intervalSet(members.map((member) => ({ start: member, end: member + 1 })));
}

function pointsIn<T>(all: readonly T[], some: readonly T[]): IntervalSet {
  return some.length === 0 ? NOTHING : points(some.map((member) => all.indexOf(member)).filter((index) => index >= 0));
}

/** @kernel net/ipv4/netfilter/ip_tables.c:ip_packet_match (ifname_compare_aligned): names compare up to a trailing `+`. */
function isLike(name: string, pattern: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function interfaceAtoms(patterns: ReadonlySet<string>): readonly string[] {
  // A bare `+` takes every interface and tells none apart.
  const prefixes = [...patterns].filter((pattern) => /.\+$/.test(pattern)).map((pattern) => pattern.slice(0, -1));
  const names = [...patterns].filter((pattern) => !pattern.endsWith('+') && pattern !== 'lo');
  const atoms = ['', 'lo', ...names];
  for (const prefix of prefixes) {
    const longer = prefixes.filter((other) => other.length > prefix.length);
    const fresh = freshName(prefix, (name) => !atoms.includes(name) && !longer.some((p) => name.startsWith(p)));
    if (fresh !== undefined) atoms.push(fresh);
  }
  const unnamed = ['eth', 'wan', 'lan', 'net', 'dev', 'if'].map((stem) =>
    freshName(stem, (name) => !atoms.includes(name) && !prefixes.some((prefix) => name.startsWith(prefix))),
  );
  const other = unnamed.find((name) => name !== undefined);
  return other === undefined ? atoms : [...atoms, other];
}

/** The first of `eth0`, `eth1`, … that will do and is no longer than the kernel allows (IFNAMSIZ). */
function freshName(stem: string, isFree: (name: string) => boolean): string | undefined {
  for (let number = 0; number < 100; number += 1) {
    const name = `${stem}${number}`;
    if (name.length <= 15 && isFree(name)) return name;
  }
  return undefined;
}
