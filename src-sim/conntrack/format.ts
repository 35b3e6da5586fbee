/**
 * An entry as one line of /proc/net/nf_conntrack, runs of spaces folded.
 *
 * @kernel net/netfilter/nf_conntrack_standalone.c:ct_seq_show
 */
import { expandedText, familyOf } from '../net/address';
import { hasPorts, PROTOCOL, protocolName } from '../net/protocol';
import { carriedWords } from './accounting';
import type { Entry } from './entry';
import { icmpCodeOf, icmpTypeOf, isIcmp, type Tuple } from './tuple';

/** Protocols that the kernel names in the table; all others are "unknown". @kernel …_standalone.c:l4proto_name */
const NAMED: ReadonlySet<number> = new Set([
  PROTOCOL.icmp,
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.gre,
  PROTOCOL.sctp,
  PROTOCOL.udplite,
  PROTOCOL.icmpv6,
]);

/** @param now virtual time in seconds; the line shows whole seconds to live. */
export function formatEntry(entry: Entry, now: number): string {
  const { original, reply, status, zone } = entry;
  const family = familyOf(original.src) === 'ipv4' ? 'ipv4 2' : 'ipv6 10';
  const { protocol } = original;
  const words = [
    `${family} ${NAMED.has(protocol) ? protocolName(protocol) : 'unknown'} ${protocol} ${Math.max(0, Math.floor(entry.timeout - now))}`,
    ...protocolWords(entry),
    ...formatTuple(original),
    ...(zone.original && !zone.reply ? [`zone-orig=${zone.id}`] : []),
    ...carriedWords(entry.counters, 'original'),
    ...(status.seenReply ? [] : ['[UNREPLIED]']),
    ...formatTuple(reply),
    ...(zone.reply && !zone.original ? [`zone-reply=${zone.id}`] : []),
    ...carriedWords(entry.counters, 'reply'),
    ...(status.assured ? ['[ASSURED]'] : []),
    `mark=${entry.mark}`,
    ...(zone.original && zone.reply ? [`zone=${zone.id}`] : []),
    'use=2',
  ];
  return words.join(' ');
}

/** @kernel nf_conntrack_proto_tcp.c:tcp_print_conntrack, …_sctp.c:sctp_print_conntrack, …_gre.c:gre_print_conntrack */
function protocolWords({ tcp, sctp, gre }: Entry): readonly string[] {
  if (gre) return [`timeout=${gre.timeout},`, `stream_timeout=${gre.streamTimeout}`];
  return [tcp, sctp].flatMap((tracking) => (tracking ? [tracking.state] : []));
}

/** @kernel …_standalone.c:print_tuple */
function formatTuple(tuple: Tuple): readonly string[] {
  const addresses = [`src=${expandedText(tuple.src)}`, `dst=${expandedText(tuple.dst)}`];
  if (isIcmp(tuple.protocol))
    return [...addresses, `type=${icmpTypeOf(tuple)}`, `code=${icmpCodeOf(tuple)}`, `id=${tuple.sport}`];
  if (tuple.protocol === PROTOCOL.gre) return [...addresses, 'srckey=0x0', 'dstkey=0x0'];
  return hasPorts(tuple.protocol) ? [...addresses, `sport=${tuple.sport}`, `dport=${tuple.dport}`] : addresses;
}
