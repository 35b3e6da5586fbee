import type { Given } from '../netfilter/ruleset';
import { type AddressSpan, addressSpan, inAddressSpan } from './address-types';
import { compare, defineMatch, fails, leaves, option, same, saved, takes } from './define';
import type { RegionCondition } from './region';

export const iprange = defineMatch({
  name: 'iprange',
  families: ['ipv4', 'ipv6'],
  summary: 'Addresses from one to another, where no prefix fits.',
  details: 'A range that runs backwards is accepted, and matches no packet (with `!` every packet).',
  kernel: 'net/netfilter/xt_iprange.c:iprange_mt4',
  anyOf: [['src-range', 'dst-range']],
  options: {
    'src-range': option(addressSpan, 'The source address is from the first to the second, both included.', {
      invert: true,
    }),
    'dst-range': option(addressSpan, 'The destination address is from the first to the second, both included.', {
      invert: true,
    }),
  },
  examples: [
    same('-m iprange ! --src-range 10.0.0.9-10.0.0.10 --dst-range 1.1.1.1-1.1.1.1'),
    saved('-m iprange --src-range 10.0.0.9', '-m iprange --src-range 10.0.0.9-10.0.0.9'),
    saved('-m iprange --src-range 10.1-10.2', '-m iprange --src-range 10.1.0.0-10.2.0.0'),
    same('-m iprange --src-range 10.0.0.9-10.0.0.1'),
    fails('-m iprange', 'at least one'),
    takes('-m iprange --src-range 198.51.100.0-198.51.100.7', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m iprange ! --dst-range 10.0.0.2-10.0.0.9', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m iprange --src-range 198.51.100.9-198.51.100.1', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(packet, given) {
    const { 'src-range': source, 'dst-range': destination } = given;
    const first = source ? compareRange('src-range', source, packet.src, 'source') : true;
    if (first !== true || destination === undefined) return first;
    return compareRange('dst-range', destination, packet.dst, 'destination');
  },
  region(given) {
    const conditions = [...rangeCondition('src', given['src-range']), ...rangeCondition('dst', given['dst-range'])];
    return [{ conditions, exact: true }];
  },
});

function compareRange(name: string, given: Given<AddressSpan>, address: string, end: string) {
  return compare(name, given, inAddressSpan(address, given.value), () => `the ${end} is ${address}`);
}

function rangeCondition(field: 'src' | 'dst', given: Given<AddressSpan> | undefined): readonly RegionCondition[] {
  if (given === undefined) return [];
  const { min, max } = given.value;
  return [{ kind: 'addresses', field, ranges: [[min, max]], inverted: given.inverted }];
}
