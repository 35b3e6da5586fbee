import { inNetwork } from '../net/address';
import { EXTENSION, findIpv6Header } from '../net/ipv6-header';
import { isLaterFragment, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import { compare, fails, leaves, type Mismatch, mismatch, option, same, saved, takes } from '../xt/define';
import { protocol } from '../xt/protocol-type';
import { hexByte, unsigned } from '../xt/value-types';
import { defineBridgeMatch, firstMismatch, isPlain } from './define';
import { compareTransport, icmpRange, networkOf, portRange, portsRefused } from './ip-types';

const trafficClass = unsigned('number from 0 to 255', 0, 255, (value) => `0x${hexByte(value).slice(2).toUpperCase()}`);

const WEB = 'in p0 tcp [fd00::2]:4000 > [fd00::3]:80 S';

export const ip6 = defineBridgeMatch({
  name: 'ip6',
  summary: 'The IPv6 header of the frame, and what stands behind its extension headers.',
  details:
    'Each `--ip6-…` needs `-p IPv6`. Ports and types need `--ip6-protocol`, and are not found in later fragments.',
  kernel: 'net/bridge/netfilter/ebt_ip6.c:ebt_ip6_mt',
  protocols: ['IPv6'],
  options: {
    'ip6-src': option(networkOf('ipv6'), 'The source address.', { invert: true, aliases: ['ip6-source'] }),
    'ip6-dst': option(networkOf('ipv6'), 'The destination address.', { invert: true, aliases: ['ip6-destination'] }),
    'ip6-tclass': option(trafficClass, 'The traffic class.', { invert: true }),
    'ip6-proto': option(protocol, 'The protocol behind the extension headers.', {
      invert: true,
      aliases: ['ip6-protocol'],
    }),
    'ip6-icmp-type': option(icmpRange('ipv6'), 'Type and code of an ICMPv6 message.', { invert: true }),
    'ip6-sport': option(portRange, 'The source port, or a range.', { invert: true, aliases: ['ip6-source-port'] }),
    'ip6-dport': option(portRange, 'The destination port, or a range.', {
      invert: true,
      aliases: ['ip6-destination-port'],
    }),
  },
  refuses(given) {
    const number = given['ip6-proto'];
    if (given['ip6-sport'] ?? given['ip6-dport']) return portsRefused(number);
    const isIcmp = isPlain(number) && number.value === PROTOCOL.icmpv6;
    return given['ip6-icmp-type'] && !isIcmp ? '--ip6-icmp-type needs --ip6-proto ipv6-icmp' : undefined;
  },
  examples: [
    saved('-p ip6 --ip6-source ! fd00::/ffff:: -j DROP', '-p IPv6 --ip6-src ! fd00::/16 -j DROP'),
    same('-p IPv6 --ip6-dst fd00::/64 --ip6-tclass 0x10 -j DROP'),
    saved(
      '-p IPv6 --ip6-proto udp --ip6-sport 1024: -j DROP',
      '-p IPv6 --ip6-proto udp --ip6-sport 1024:65535 -j DROP',
    ),
    saved(
      '-p IPv6 --ip6-proto 58 --ip6-icmp-type 1/4 -j DROP',
      '-p IPv6 --ip6-proto ipv6-icmp --ip6-icmp-type port-unreachable -j DROP',
    ),
    fails('-p IPv4 --ip6-src fd00::1 -j DROP', '-p IPv6'),
    fails('-p IPv6 --ip6-dport 80 -j DROP', 'ports need'),
    fails('-p IPv6 --ip6-proto icmp --ip6-icmp-type 128 -j DROP', 'needs --ip6-proto ipv6-icmp'),
    takes('-p IPv6 --ip6-src fd00::/64 --ip6-proto tcp --ip6-dport 80', WEB),
    leaves('-p IPv6 --ip6-proto ! tcp', WEB),
  ],
  matches(packet, given) {
    const { 'ip6-src': src, 'ip6-dst': dst, 'ip6-tclass': byte, 'ip6-proto': number } = given;
    return firstMismatch([
      byte === undefined ||
        compare('ip6-tclass', byte, byte.value === packet.tos, () => `it is ${hexByte(packet.tos)}`),
      src === undefined || compare('ip6-src', src, inNetwork(packet.src, src.value), () => `it is ${packet.src}`),
      dst === undefined || compare('ip6-dst', dst, inNetwork(packet.dst, dst.value), () => `it is ${packet.dst}`),
      number === undefined || compareProtocol(number, protocolOf(packet)),
      compareTransport(packet, {
        source: ['ip6-sport', given['ip6-sport']],
        destination: ['ip6-dport', given['ip6-dport']],
        icmp: ['ip6-icmp-type', given['ip6-icmp-type']],
      }),
    ]);
  },
});

/** Behind a fragment header that says "later" nothing is looked for. @kernel net/ipv6/exthdrs_core.c:ipv6_skip_exthdr */
function protocolOf(packet: Packet): number | undefined {
  if (isLaterFragment(packet)) return EXTENSION.fragment;
  const found = findIpv6Header(packet);
  return typeof found === 'string' || found.protocol === EXTENSION.none ? undefined : found.protocol;
}

function compareProtocol(given: Given<number>, found: number | undefined): true | Mismatch {
  if (found === undefined) return mismatch('ip6-proto', 'its headers end in nothing');
  return compare('ip6-proto', given, given.value === found, () => `it is ${protocol.print(found)[0]}`);
}
