import { inNetwork } from '../net/address';
import { IP_HEADER_BYTES, isLaterFragment, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { numberAt } from '../net/transport-header';
import type { Given } from '../netfilter/ruleset';
import { compare, fails, leaves, type Mismatch, mismatch, option, same, saved, takes } from '../xt/define';
import { protocol } from '../xt/protocol-type';
import { hexByte, inSpan, type NumberSpan, unsigned } from '../xt/value-types';
import { defineBridgeMatch, firstMismatch, isPlain } from './define';
import { igmpRange } from './igmp-type';
import { compareTransport, icmpRange, networkOf, portRange, portsRefused } from './ip-types';

const tos = unsigned('number from 0 to 255', 0, 255, (value) => `0x${hexByte(value).slice(2).toUpperCase()}`);

const WEB = 'in p0 tcp 10.0.0.2:4000 > 10.0.0.3:80 S';

export const ip = defineBridgeMatch({
  name: 'ip',
  summary: 'The IPv4 header of the frame, and the ports behind it.',
  details: 'Each `--ip-…` needs `-p IPv4`. Ports and types need `--ip-protocol`, and are not found in later fragments.',
  kernel: 'net/bridge/netfilter/ebt_ip.c:ebt_ip_mt',
  protocols: ['IPv4'],
  options: {
    'ip-src': option(networkOf('ipv4'), 'The source address.', { invert: true, aliases: ['ip-source'] }),
    'ip-dst': option(networkOf('ipv4'), 'The destination address.', { invert: true, aliases: ['ip-destination'] }),
    'ip-tos': option(tos, 'The whole TOS byte.', { invert: true }),
    'ip-proto': option(protocol, 'The protocol.', { invert: true, aliases: ['ip-protocol'] }),
    'ip-icmp-type': option(icmpRange('ipv4'), 'Type and code of an ICMP message.', { invert: true }),
    'ip-igmp-type': option(igmpRange, 'Type of an IGMP message.', { invert: true }),
    'ip-sport': option(portRange, 'The source port, or a range.', { invert: true, aliases: ['ip-source-port'] }),
    'ip-dport': option(portRange, 'The destination port, or a range.', {
      invert: true,
      aliases: ['ip-destination-port'],
    }),
  },
  refuses(given) {
    const number = given['ip-proto'];
    if (given['ip-sport'] ?? given['ip-dport']) return portsRefused(number);
    const is = (wanted: number) => isPlain(number) && number.value === wanted;
    if (given['ip-icmp-type'] && !is(PROTOCOL.icmp)) return '--ip-icmp-type needs --ip-proto icmp';
    return given['ip-igmp-type'] && !is(PROTOCOL.igmp) ? '--ip-igmp-type needs --ip-proto igmp' : undefined;
  },
  examples: [
    saved(
      '-p IPv4 --ip-source 10.0.0.1/24 --ip-destination ! 10.0.0.0/255.0.255.0 -j DROP',
      '-p IPv4 --ip-src 10.0.0.0/24 --ip-dst ! 10.0.0.0/255.0.255.0 -j DROP',
    ),
    saved('-p IPv4 --ip-tos 10 -j DROP', '-p IPv4 --ip-tos 0x0A -j DROP'),
    saved('-p IPv4 --ip-dport 80 --ip-protocol 6 -j DROP', '-p IPv4 --ip-proto tcp --ip-dport 80 -j DROP'),
    saved(
      '-p IPv4 --ip-proto tcp --ip-dport 80:90 --ip-sport :1024 -j DROP',
      '-p IPv4 --ip-proto tcp --ip-sport 0:1024 --ip-dport 80:90 -j DROP',
    ),
    saved(
      '-p IPv4 --ip-proto icmp --ip-icmp-type 3/1',
      '-p IPv4 --ip-proto icmp --ip-icmp-type host-unreachable -j CONTINUE',
    ),
    same('-p IPv4 --ip-proto icmp --ip-icmp-type ! 1:10/0:255 -j DROP'),
    same('-p IPv4 --ip-proto igmp --ip-igmp-type membership-query -j DROP'),
    fails('--ip-src 10.0.0.1 -j DROP', '-p IPv4'),
    fails('-p ! IPv4 --ip-src 10.0.0.1 -j DROP', '-p IPv4'),
    fails('-p IPv4 --ip-dport 80 -j DROP', 'ports need'),
    fails('-p IPv4 --ip-proto ! tcp --ip-dport 80 -j DROP', 'ports need'),
    fails('-p IPv4 --ip-proto tcp --ip-sport 90:80 -j DROP', 'runs backwards'),
    fails('-p IPv4 --ip-proto tcp --ip-icmp-type 8 -j DROP', 'needs --ip-proto icmp'),
    fails('-p IPv4 --ip-tos 0x100 -j DROP', 'out of range'),
    takes('-p IPv4 --ip-src 10.0.0.0/24 --ip-proto tcp --ip-dport 80:90', WEB),
    leaves('-p IPv4 --ip-proto tcp --ip-sport ! 4000', WEB),
    leaves('-p IPv4 --ip-dst ! 10.0.0.3', WEB),
  ],
  matches(packet, given) {
    const { 'ip-src': src, 'ip-dst': dst, 'ip-tos': byte, 'ip-proto': number } = given;
    return firstMismatch([
      byte === undefined || compare('ip-tos', byte, byte.value === packet.tos, () => `it is ${hexByte(packet.tos)}`),
      src === undefined || compare('ip-src', src, inNetwork(packet.src, src.value), () => `it is ${packet.src}`),
      dst === undefined || compare('ip-dst', dst, inNetwork(packet.dst, dst.value), () => `it is ${packet.dst}`),
      number === undefined ||
        compare(
          'ip-proto',
          number,
          number.value === packet.protocol,
          () => `it is ${protocol.print(packet.protocol)[0]}`,
        ),
      compareTransport(packet, {
        source: ['ip-sport', given['ip-sport']],
        destination: ['ip-dport', given['ip-dport']],
        icmp: ['ip-icmp-type', given['ip-icmp-type']],
      }),
      compareIgmp(packet, given['ip-igmp-type']),
    ]);
  },
});

function compareIgmp(packet: Packet, given: Given<NumberSpan> | undefined): true | Mismatch {
  if (given === undefined) return true;
  const type = isLaterFragment(packet) ? undefined : numberAt(packet, IP_HEADER_BYTES.ipv4, 1);
  if (type === undefined) return mismatch('ip-igmp-type', 'the packet is too short');
  return compare('ip-igmp-type', given, inSpan(type, given.value), () => `it is ${hexByte(type)}`);
}
