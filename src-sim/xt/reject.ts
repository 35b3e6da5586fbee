import type { Family } from '../net/address';
import { PROTOCOL } from '../net/protocol';
import { type Choice, defineTarget, fails, given as gives, option, same, saved } from './define';
import { bad, ok, word } from './value-types';

interface RejectType extends Choice {
  readonly families: readonly Family[];
  readonly aliases: readonly string[];
}

const v4 = (text: string, summary: string, ...aliases: string[]): RejectType => ({
  text,
  summary,
  aliases,
  families: ['ipv4'],
});
const v6 = (text: string, summary: string, ...aliases: string[]): RejectType => ({
  text,
  summary,
  aliases,
  families: ['ipv6'],
});

const TCP_RESET = 'a TCP RST; with `-p tcp` only';

/** In iptables' order: of several that a shortened word fits, the first is meant. @see extensions/libipt_REJECT.c */
const TYPES: readonly RejectType[] = [
  v4('icmp-net-unreachable', 'ICMP 3/0', 'net-unreach'),
  v4('icmp-host-unreachable', 'ICMP 3/1', 'host-unreach'),
  v4('icmp-proto-unreachable', 'ICMP 3/2', 'proto-unreach'),
  v4('icmp-port-unreachable', 'ICMP 3/3, the default', 'port-unreach'),
  v4('icmp-net-prohibited', 'ICMP 3/9', 'net-prohib'),
  v4('icmp-host-prohibited', 'ICMP 3/10', 'host-prohib'),
  v6('icmp6-no-route', 'ICMPv6 1/0', 'no-route'),
  v6('icmp6-adm-prohibited', 'ICMPv6 1/1', 'adm-prohibited'),
  v6('icmp6-addr-unreachable', 'ICMPv6 1/3', 'addr-unreach'),
  v6('icmp6-port-unreachable', 'ICMPv6 1/4, the default', 'port-unreach'),
  v4('tcp-reset', TCP_RESET, 'tcp-rst'),
  v6('tcp-reset', TCP_RESET),
  v4('icmp-admin-prohibited', 'ICMP 3/13', 'admin-prohib'),
  v6('icmp6-policy-fail', 'ICMPv6 1/5', 'policy-fail'),
  v6('icmp6-reject-route', 'ICMPv6 1/6', 'reject-route'),
];

const rejectType = word<string>(
  'kind of answer',
  (text, family) => {
    const wanted = text.toLowerCase();
    const here = TYPES.filter((type) => type.families.includes(family));
    const known = here.find((type) => [type.text, ...type.aliases].some((spelling) => spelling.startsWith(wanted)));
    return known && wanted !== ''
      ? ok(known.text)
      : bad(`"${text}" is none of ${here.map((type) => type.text).join(', ')}`);
  },
  String,
  TYPES,
);

export const REJECT = defineTarget({
  name: 'REJECT',
  families: ['ipv4', 'ipv6'],
  summary: 'Throws the packet away, and tells its sender: by an ICMP error, or a TCP RST.',
  details: [
    'The answer is a packet of this host: it passes OUTPUT, where conntrack takes it for RELATED. No answer is',
    'made for a later fragment, a RST, or a packet to a broadcast or multicast address. A late duplicate of a',
    'good connection is INVALID: answering it with a RST ends the connection, so drop INVALID before you reject.',
  ].join('\n'),
  kernel: 'net/ipv4/netfilter/ipt_REJECT.c:reject_tg',
  tables: ['filter'],
  hooks: ['INPUT', 'FORWARD', 'OUTPUT'],
  options: {
    'reject-with': option(rejectType, 'What the sender is told.'),
  },
  examples: [
    saved('-j REJECT', '-j REJECT --reject-with icmp-port-unreachable'),
    saved('-j REJECT --reject-with admin-prohib', '-j REJECT --reject-with icmp-admin-prohibited'),
    saved('-j REJECT --reject-with icmp', '-j REJECT --reject-with icmp-net-unreachable'),
    saved('-p tcp -j REJECT --reject-with tcp-rst', '-p tcp -j REJECT --reject-with tcp-reset'),
    same('-j REJECT --reject-with icmp-host-prohibited'),
    fails('-j REJECT --reject-with echo-reply', 'none of'),
    fails('-j REJECT --reject-with tcp-reset', 'needs -p tcp'),
    fails('! -p tcp -j REJECT --reject-with tcp-reset', 'needs -p tcp'),
  ],
  refuses(given, { protocol }) {
    const isTcp = protocol?.value === PROTOCOL.tcp && !protocol.inverted;
    return given['reject-with']?.value === 'tcp-reset' && !isTcp ? 'tcp-reset needs -p tcp' : undefined;
  },
  canonical(given, family) {
    return { 'reject-with': given['reject-with'] ?? gives(defaultType(family)) };
  },
  apply(_packet, given, world) {
    world.reject(given['reject-with']?.value ?? defaultType(world.family));
    return { kind: 'verdict', verdict: 'DROP' };
  },
  effect: () => ({ kind: 'reject' }),
});

function defaultType(family: Family): string {
  return family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
}
