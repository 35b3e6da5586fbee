/** Which side of a router is the Internet, as far as its rules tell. */
import type { Family } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { holds, type IntervalSet, intervalSet, isSubset, subtract } from '../../../src-sim/net/interval-set';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { packetsOfPath, type Walker } from '../analysis/rule-packets';

/** RFC 1918 and RFC 4193. */
const PRIVATE: Readonly<Record<Family, readonly (readonly [string, string])[]>> = {
  ipv4: [
    ['10.0.0.0', '10.255.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.168.0.0', '192.168.255.255'],
  ],
  ipv6: [['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
};

const SOURCE_NAT: readonly string[] = ['MASQUERADE', 'SNAT'];

/**
 * Behind an interface by which packets leave with another source address there are no private addresses: a witness
 * with one there would be an attack, not traffic. Undefined where no packet remains.
 */
export function ordinaryTraffic(walker: Walker, box: Box): Box | undefined {
  const outside = outsideDevices(walker);
  const isOutside = (device: IntervalSet | undefined) => device !== undefined && isSubset(device, outside);
  const ranges = PRIVATE[walker.space.family].flatMap(([from, to]) => addressRange(from, to));
  const publicAddresses = subtract(walker.space.domains.src, intervalSet(ranges));
  return intersectBoxes(box, {
    ...(isOutside(box.in) ? { src: publicAddresses } : {}),
    ...(isOutside(box.out) ? { dst: publicAddresses } : {}),
  });
}

/** Interfaces named by `-o` in rules that rewrite the source. */
function outsideDevices(walker: Walker): IntervalSet {
  const chains = walker.ruleset.tables.find(({ name }) => name === 'nat')?.chains ?? [];
  const nobodysName = walker.space.interfaces.length - 1;
  const refs = chains.flatMap(({ name: chain, rules }) =>
    rules.map((rule, index) => ({ table: 'nat' as const, chain, number: index + 1, rule })),
  );
  const named = refs
    .filter(({ rule }) => rule.target.kind === 'target' && SOURCE_NAT.includes(rule.target.name))
    .flatMap((ref) => packetsOfPath(walker, [ref], {}))
    .flatMap(({ box }) => (box.out !== undefined && !holds(box.out, nobodysName) ? box.out : []));
  return intervalSet(named);
}

/** The names that they have in those rules, each once: what `-o` says. */
export function outsideNames(ruleset: Ruleset): readonly string[] {
  const chains = ruleset.tables.find(({ name }) => name === 'nat')?.chains ?? [];
  const names = chains
    .flatMap(({ rules }) => rules)
    .filter(({ target }) => target.kind === 'target' && SOURCE_NAT.includes(target.name))
    .flatMap(({ matches }) => matches.map(({ options }) => options['out-interface']))
    .flatMap((given) => (given && !given.inverted && typeof given.value === 'string' ? [given.value] : []));
  return [...new Set(names)].filter((name) => name !== 'lo' && !name.endsWith('+'));
}
