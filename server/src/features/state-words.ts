/**
 * What the words of `--ctstate` and `--state` mean: the hovers that people come for. What is claimed here is what the
 * simulator does; test/features-states.test.ts runs packets to hold the sample lines to it.
 *
 * @kernel net/netfilter/xt_conntrack.c:conntrack_mt, nf_conntrack_core.c:resolve_normal_ct
 */
import type { CtState } from '../../../src-sim/conntrack/entry';

export type StateWordName = CtState | 'SNAT' | 'DNAT';

export interface StateWord {
  /** One sentence, Markdown. */
  readonly matches: string;
  /** What people take it for and it is not; Markdown. */
  readonly not: readonly string[];
  /** Which conntrack entries carry it; Markdown. */
  readonly entry: string;
  /** A line of /proc/net/nf_conntrack after such a packet; absent where there is no entry. */
  readonly sample?: string;
}

const FLOW = 'src=198.51.100.7 dst=203.0.113.1 sport=40000 dport=22';
const ANSWER = 'src=203.0.113.1 dst=198.51.100.7 sport=22 dport=40000';
const END = 'mark=0 zone=0 use=2';

export const STATE_WORDS: Readonly<Record<StateWordName, StateWord>> = {
  NEW: {
    matches:
      'The packet belongs to a flow that has seen packets in one direction only: the first packet, and every ' +
      'further one in the same direction until an answer passes here.',
    not: [
      'NEW is **not SYN**. A bare ACK of an unknown TCP connection is NEW as well (conntrack picks it up in the ' +
        'middle, `net.netfilter.nf_conntrack_tcp_loose=1`), while a SYN,ACK, a FIN or a RST out of nowhere is ' +
        'INVALID. Add `--syn` where a SYN is meant.',
      'It is not only the first packet: each UDP datagram and each ping is NEW until an answer is seen.',
      'A NEW packet that is dropped leaves no entry behind, so its retransmission is NEW again.',
    ],
    entry:
      'An entry marked `[UNREPLIED]`. It is made with the packet, but stands in the table only once the packet ' +
      'has got through (confirmed at the end of INPUT or POSTROUTING).',
    sample: `ipv4 2 tcp 6 120 SYN_SENT ${FLOW} [UNREPLIED] ${ANSWER} ${END}`,
  },
  ESTABLISHED: {
    matches:
      'The packet belongs to a flow of which **this host has seen both directions**. Every answer is ESTABLISHED, ' +
      'the first one too: the SYN,ACK of TCP, the first datagram back, the echo reply.',
    not: [
      'It **needs a reply seen here**. Where answers take another way (the director of LVS in direct-routing ' +
        'mode, asymmetric routes), nothing ever becomes ESTABLISHED.',
      'It is not the word ESTABLISHED in the conntrack table. That one is the state of TCP; a connection picked ' +
        'up in the middle shows it and its packets are still NEW.',
      'It is not TCP alone: UDP, ICMP queries and every other protocol have it.',
      'A segment outside the TCP window is INVALID, although its connection is established.',
    ],
    entry: 'An entry without `[UNREPLIED]`; a TCP connection has `[ASSURED]` once its handshake is complete.',
    sample: `ipv4 2 tcp 6 431999 ESTABLISHED ${FLOW} ${ANSWER} [ASSURED] ${END}`,
  },
  RELATED: {
    matches:
      'The packet is no part of a flow, but one that conntrack knows brought it about: an ICMP error that quotes ' +
      'a packet of it (unreachable, time exceeded, fragmentation needed), or the first packet of a connection ' +
      'that a helper expected (the data connection of FTP). What REJECT sends is RELATED too.',
    not: [
      'It is not “traffic that has to do with it”: a second connection of the same client is NEW.',
      'Without a rule `-j CT --helper …` no helper runs (since Linux 6.0, by default since 4.7), and no ' +
        'connection is ever expected.',
      'Only the first packet of an expected connection: after the answer it is ESTABLISHED.',
      'An ICMP error about a packet that is not tracked is INVALID.',
    ],
    entry:
      'An ICMP error has no entry of its own; it is counted to the one it quotes, which it neither makes nor ' +
      'renews. Quoted here: a datagram that found no listener.',
    sample:
      'ipv4 2 udp 17 29 src=198.51.100.7 dst=203.0.113.1 sport=40000 dport=53 [UNREPLIED] src=203.0.113.1 ' +
      'dst=198.51.100.7 sport=53 dport=40000 mark=0 zone=0 use=2',
  },
  INVALID: {
    matches:
      'Conntrack looked at the packet and found no flow for it: a SYN,ACK, FIN or RST without a connection, TCP ' +
      'flags that cannot be, a segment outside the window, an echo reply nobody asked for, an ICMP error that ' +
      'quotes an unknown flow.',
    not: [
      'It does not mean “malformed”: a perfectly good FIN is INVALID where the other direction takes another way, ' +
        'or where the entry has been forgotten.',
      'It is not UNTRACKED: that one conntrack was told to leave alone.',
      'INVALID packets never reach the `nat` table: they leave **untranslated** unless they are dropped.',
      'In `raw` every packet is INVALID, since conntrack comes after it.',
    ],
    entry: 'None. An INVALID packet makes no entry and renews none.',
  },
  UNTRACKED: {
    matches:
      'Conntrack was told to leave the packet alone: `-j CT --notrack` (or `-j NOTRACK`) in the table `raw`. IPv6 ' +
      'neighbour discovery is UNTRACKED by itself, and so is what IPVS sends on (`net.ipv4.vs.conntrack=0`).',
    not: [
      'It is **none of the other four**: `--ctstate NEW,ESTABLISHED,RELATED` does not match it, nor does INVALID. ' +
        'A chain that accepts by state and drops the rest drops it.',
      'A negation does match it: `! --ctstate INVALID` takes UNTRACKED packets as well.',
      'Its answers are not UNTRACKED by themselves: they need a rule of their own, in `OUTPUT` of `raw` for a ' +
        'service of this host.',
      'It is never translated: without an entry there is no NAT.',
    ],
    entry: 'None, so nothing is counted, limited by `connlimit`, or remembered for the answer.',
  },
  SNAT: {
    matches:
      'The **source** address or port of the flow is rewritten (SNAT, MASQUERADE). It holds for both directions ' +
      'of the flow, beside NEW or ESTABLISHED.',
    not: [
      'The first packet has it only after the `nat` table of POSTROUTING: in FORWARD it does not match yet.',
      'A SNAT rule that changes nothing does not set it.',
      '`-m state` does not know it; only `-m conntrack --ctstate` does.',
    ],
    entry:
      'An entry whose answer is awaited at another destination than the original source: here 203.0.113.1, not ' +
      '192.168.10.5.',
    sample:
      'ipv4 2 tcp 6 120 SYN_SENT src=192.168.10.5 dst=198.51.100.7 sport=40000 dport=443 [UNREPLIED] ' +
      'src=198.51.100.7 dst=203.0.113.1 sport=443 dport=40000 mark=0 zone=0 use=2',
  },
  DNAT: {
    matches:
      'The **destination** address or port of the flow is rewritten (DNAT, REDIRECT). It holds for both ' +
      'directions of the flow, beside NEW or ESTABLISHED; `-m conntrack --ctstate DNAT` in FORWARD accepts ' +
      'exactly what `nat` sent inside.',
    not: [
      'A DNAT rule that changes nothing does not set it.',
      'It does not say to where: filter sees the **new** destination; the old one is `--ctorigdst`.',
      '`-m state` does not know it; only `-m conntrack --ctstate` does.',
    ],
    entry:
      'An entry whose answer is awaited from another source than the original destination: here 192.168.10.20, ' +
      'not 203.0.113.1.',
    sample:
      'ipv4 2 tcp 6 120 SYN_SENT src=198.51.100.7 dst=203.0.113.1 sport=40000 dport=443 [UNREPLIED] ' +
      'src=192.168.10.20 dst=198.51.100.7 sport=8443 dport=40000 mark=0 zone=0 use=2',
  },
};

export function findStateWord(word: string): StateWordName | undefined {
  return Object.hasOwn(STATE_WORDS, word) ? (word as StateWordName) : undefined;
}
