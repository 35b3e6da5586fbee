import { TCP_FLAG } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import {
  compare,
  defineMatch,
  defineTarget,
  fails,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  same,
  saved,
  takes,
} from './define';
import { flag, unsigned } from './value-types';

const codePoint = unsigned('number from 0 to 3', 0, 3);

export const ecn = defineMatch({
  name: 'ecn',
  families: ['ipv4', 'ipv6'],
  summary: 'The congestion bits of a TCP header, or of the IP header.',
  kernel: 'net/netfilter/xt_ecn.c:ecn_mt4',
  anyOf: [['ecn-tcp-ece', 'ecn-tcp-cwr', 'ecn-ip-ect']],
  options: {
    'ecn-tcp-ece': option(flag, 'The flag ECE is set (TCP).', { invert: true }),
    'ecn-tcp-cwr': option(flag, 'The flag CWR is set (TCP).', { invert: true }),
    'ecn-ip-ect': option(codePoint, 'The ECN code point of the IP header; 3 means congestion.', { invert: true }),
  },
  examples: [
    saved('-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece', '-p tcp -m ecn ! --ecn-tcp-ece --ecn-tcp-cwr'),
    same('-m ecn ! --ecn-ip-ect 1'),
    fails('-m ecn', 'at least one'),
    fails('-m ecn --ecn-tcp-cwr', 'needs -p tcp'),
    fails('-m ecn --ecn-ip-ect 4', 'out of range'),
    takes('-m ecn --ecn-ip-ect 3', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53 tos=0x3'),
    leaves('-p tcp -m ecn ! --ecn-tcp-ece', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 SEC'),
  ],
  refuses(given, { protocol }) {
    const isTcp = protocol?.value === PROTOCOL.tcp && !protocol.inverted;
    return (given['ecn-tcp-ece'] ?? given['ecn-tcp-cwr']) && !isTcp ? 'the flags of TCP need -p tcp' : undefined;
  },
  matches(packet, given): MatchAnswer {
    const { 'ecn-ip-ect': ect, 'ecn-tcp-ece': ece, 'ecn-tcp-cwr': cwr } = given;
    const code = packet.tos & 3;
    const first = ect ? compare('ecn-ip-ect', ect, code === ect.value, () => `the ECN code point is ${code}`) : true;
    if (first !== true || (ece === undefined && cwr === undefined)) return first;
    if (packet.transport.kind !== 'tcp') return mismatch('', 'the packet has no TCP header');
    const { flags } = packet.transport;
    const second = ece
      ? compare('ecn-tcp-ece', ece, (flags & TCP_FLAG.E) !== 0, () => setText('ECE', !ece.inverted))
      : true;
    if (second !== true || cwr === undefined) return second;
    return compare('ecn-tcp-cwr', cwr, (flags & TCP_FLAG.C) !== 0, () => setText('CWR', !cwr.inverted));
  },
});

function setText(name: string, wanted: boolean): string {
  return `${name} is ${wanted ? 'not set' : 'set'}`;
}

export const ECN = defineTarget({
  name: 'ECN',
  families: ['ipv4'],
  summary: 'Takes the congestion bits out of a TCP header, for paths that drop what carries them; the walk goes on.',
  kernel: 'net/ipv4/netfilter/ipt_ECN.c:ecn_tg',
  tables: ['mangle'],
  anyOf: [['ecn-tcp-remove', 'ecn-tcp-cwr', 'ecn-tcp-ece', 'ecn-ip-ect']],
  options: {
    'ecn-tcp-remove': option(flag, 'Clear ECE and CWR.', { excludes: ['ecn-tcp-cwr', 'ecn-tcp-ece'] }),
    'ecn-tcp-cwr': option(unsigned('0 or 1', 0, 1), 'Set CWR to this. For experiments.'),
    'ecn-tcp-ece': option(unsigned('0 or 1', 0, 1), 'Set ECE to this. For experiments.'),
    'ecn-ip-ect': option(codePoint, 'Set the ECN code point of the IP header to this. For experiments.'),
  },
  examples: [
    same('-p tcp -j ECN --ecn-tcp-remove'),
    same('-j ECN --ecn-ip-ect 2'),
    fails('-j ECN --ecn-tcp-remove', 'need -p tcp'),
    fails('-j ECN', 'at least one'),
  ],
  refuses(given, { protocol }) {
    const isTcp = protocol?.value === PROTOCOL.tcp && !protocol.inverted;
    const flags = given['ecn-tcp-remove'] ?? given['ecn-tcp-cwr'] ?? given['ecn-tcp-ece'];
    return flags && !isTcp ? 'the flags of TCP need -p tcp' : undefined;
  },
  apply(packet, given) {
    const ect = given['ecn-ip-ect'];
    const tos = ect ? (packet.tos & ~3) | ect.value : packet.tos;
    if (packet.transport.kind !== 'tcp') return { kind: 'continue', packet: { ...packet, tos } };
    const remove = given['ecn-tcp-remove'] && { value: 0 };
    const ece = withFlag(packet.transport.flags, TCP_FLAG.E, given['ecn-tcp-ece'] ?? remove);
    const flags = withFlag(ece, TCP_FLAG.C, given['ecn-tcp-cwr'] ?? remove);
    return { kind: 'continue', packet: { ...packet, tos, transport: { ...packet.transport, flags } } };
  },
  effect: () => ({ kind: 'continue' }),
});

function withFlag(flags: number, bit: number, wanted: { readonly value: number } | undefined): number {
  if (wanted === undefined) return flags;
  return wanted.value === 1 ? flags | bit : flags & ~bit;
}
