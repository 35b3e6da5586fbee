import { icmpTypeText } from '../net/icmp-type';
import { isLaterFragment, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import { compare, defineMatch, fails, leaves, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { type IcmpTest, icmpType, icmpv6Type } from './icmp-type-value';
import type { Region } from './region';

export const icmp = defineMatch({
  name: 'icmp',
  families: ['ipv4'],
  loadedBy: [PROTOCOL.icmp],
  protocols: [PROTOCOL.icmp],
  summary: 'The type and code of an ICMP message.',
  details: [
    'A name without a code stands for every code of its type. Errors about a connection need no rule of their own',
    'where RELATED is accepted; `fragmentation-needed` (3/4) has to get through, or path MTU discovery breaks.',
  ].join('\n'),
  kernel: 'net/ipv4/netfilter/ip_tables.c:icmp_match',
  options: {
    'icmp-type': option(icmpType, 'Type by name (or the beginning of it), or `TYPE/CODE` in numbers.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    same('-p icmp -m icmp --icmp-type 8'),
    saved('-p icmp --icmp-type ping', '-p icmp -m icmp --icmp-type 8'),
    saved('-p icmp -m icmp --icmp-type ECHO-REQ', '-p icmp -m icmp --icmp-type 8'),
    saved('-p icmp -m icmp --icmp-type fragmentation-needed', '-p icmp -m icmp --icmp-type 3/4'),
    saved('-p icmp -m icmp --icmp-type 255/255', '-p icmp -m icmp --icmp-type any'),
    same('-p icmp -m icmp ! --icmp-type any'),
    fails('-p icmp -m icmp --icmp-type echo', 'ambiguous'),
    fails('-p icmp -m icmp --icmp-type 3/256', 'not an ICMP type'),
    fails('-p icmp -m icmp --icmp-type 8,0', 'not an ICMP type'),
    fails('-p icmp -m icmp', 'required'),
    fails('-m icmp --icmp-type 8', 'needs -p icmp'),
    takes('-p icmp -m icmp --icmp-type 3/4', 'in eth0 icmp 198.51.100.7 > 10.0.0.2 3/4 mtu=1400'),
    leaves('-p icmp -m icmp --icmp-type 3/4', 'in eth0 icmp 198.51.100.7 > 10.0.0.2 3/3'),
    takes('-p icmp -m icmp --icmp-type any', 'in eth0 icmp 198.51.100.7 > 10.0.0.2 3/3'),
  ],
  matches(packet, given) {
    return compareType(packet, 'icmp-type', given['icmp-type'], given['icmp-type'].value.type === 0xff);
  },
  region(given) {
    return typeRegion(given['icmp-type'], given['icmp-type'].value.type === 0xff);
  },
});

export const icmp6 = defineMatch({
  name: 'icmp6',
  aliases: ['icmpv6', 'ipv6-icmp'],
  families: ['ipv6'],
  loadedBy: [PROTOCOL.icmpv6],
  protocols: [PROTOCOL.icmpv6],
  summary: 'The type and code of an ICMPv6 message.',
  details: [
    'IPv6 does not work without ICMPv6: neighbour discovery (133–136) and `packet-too-big` have to get through',
    '(RFC 4890). Conntrack leaves neighbour discovery UNTRACKED: no rule with a state accepts it.',
  ].join('\n'),
  kernel: 'net/ipv6/netfilter/ip6_tables.c:icmp6_match',
  options: {
    'icmpv6-type': option(icmpv6Type, 'Type by name (or the beginning of it), or `TYPE/CODE` in numbers.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-p icmpv6 --icmpv6-type no-route', '-p ipv6-icmp -m icmp6 --icmpv6-type 1/0'),
    saved('-p icmpv6 -m icmpv6 --icmpv6-type ping', '-p ipv6-icmp -m icmp6 --icmpv6-type 128'),
    same('-p ipv6-icmp -m icmp6 ! --icmpv6-type 128'),
    fails('-p icmpv6 -m icmp6 --icmpv6-type any', 'not an ICMP type'),
    fails('-p icmpv6 -m icmp6', 'required'),
    takes('-p icmpv6 -m icmp6 --icmpv6-type 135', 'in eth0 icmpv6 2001:db8::7 > 2001:db8::1 neighbour-solicitation'),
    leaves('-p icmpv6 -m icmp6 --icmpv6-type 1/0', 'in eth0 icmpv6 2001:db8::7 > 2001:db8::1 1/4'),
  ],
  matches(packet, given) {
    return compareType(packet, 'icmpv6-type', given['icmpv6-type'], false);
  },
  region(given) {
    return typeRegion(given['icmpv6-type'], false);
  },
});

/** @kernel net/ipv4/netfilter/ip_tables.c:icmp_type_code_match */
function compareType(packet: Packet, option: string, given: Given<IcmpTest>, any: boolean): MatchAnswer {
  if (isLaterFragment(packet)) return mismatch('', 'a later fragment has no ICMP header');
  if (packet.transport.kind !== 'icmp') return { kind: 'hotdrop', reason: 'the packet has no whole ICMP header' };
  const { type, code } = packet.transport;
  const { value } = given;
  const held = any || (type === value.type && value.min <= code && code <= value.max);
  return compare(option, given, held, () => `the type is ${icmpTypeText(type, code, packet.family)}`);
}

function typeRegion({ value, inverted }: Given<IcmpTest>, any: boolean): readonly Region[] {
  const ranges = any
    ? ([[0, 0xffff]] as const)
    : ([[(value.type << 8) | value.min, (value.type << 8) | value.max]] as const);
  return [{ conditions: [{ kind: 'range', field: 'icmp', ranges, inverted }], exact: true }];
}
