/**
 * What differs between kernel releases, and the defaults of their sysctls. The simulator is written for
 * {@link KERNEL_RELEASE}; each row of {@link KERNEL_CHANGES} is one change that came before it, so an older release is
 * the newest one with the later rows taken away.
 *
 * A row stands here only if the sources of two releases show it, or a kernel was asked. `source` says where to look,
 * `seen` the newest tree without the change and the oldest with it. Stable updates often carry a change back to an
 * older release; `since` is the first release that had it, or the long-term one whose updates are in use (6.1).
 */

export const KERNEL_RELEASE = '6.18';

interface KernelChange {
  readonly since: string;
  /** What the code asks for by name; absent where only defaults changed. */
  readonly behaviour?: string;
  /** For a person: how it is since then, and how it was. */
  readonly text: string;
  readonly source: string;
  readonly seen: string;
  readonly sysctlsBefore?: Readonly<Record<string, number>>;
}

const TCP = 'net/netfilter/nf_conntrack_proto_tcp.c';
const UDP = 'net/netfilter/nf_conntrack_proto_udp.c';

/** Newest first. */
export const KERNEL_CHANGES = [
  {
    since: '6.17',
    behaviour: 'dccpIsGeneric',
    text: 'DCCP is tracked by its addresses alone. Before, a packet without a whole DCCP header was INVALID.',
    source: 'net/netfilter/nf_conntrack_proto_dccp.c (removed by commit fd72f265bb00)',
    seen: '6.14.0, 6.18.2',
  },
  {
    since: '6.17',
    behaviour: 'ebtablesIsNft',
    text: [
      "ebtables is ebtables-nft where its text does not say otherwise, since the kernel's own tables are off by default:",
      'of what leaves the host, `filter` sees a frame before `nat`. Before, ebtables-legacy: `nat` sees it first.',
    ].join(' '),
    source: 'net/netfilter/Kconfig:NETFILTER_XTABLES_LEGACY, iptables/nft.c:xtables_bridge',
    seen: '6.1.176, 6.18.44',
  },
  {
    since: '6.12',
    behaviour: 'routerDiscoveryUntracked',
    text: 'Multicast router discovery (ICMPv6 types 151 and 152) is UNTRACKED. Before, it was INVALID.',
    source: 'net/netfilter/nf_conntrack_proto_icmpv6.c:noct_valid_new',
    seen: '6.8.1, 6.12.0',
  },
  {
    since: '6.1',
    behaviour: 'staleSegmentsIgnored',
    text: [
      'A TCP segment below its window, one with a very late acknowledgement, and one a little beyond the window are let',
      'through without being INVALID. Before, whatever lay outside the window was INVALID.',
    ].join(' '),
    source: `${TCP}:tcp_in_window`,
    seen: '6.0-rc1, 6.1.175',
  },
  {
    since: '6.1',
    behaviour: 'lateCloseShrinksTimeout',
    text: [
      'After a FIN or RST out of window in each direction the entry lives for 300 seconds at most. Before, it kept what',
      'it had: up to five days.',
    ].join(' '),
    source: `${TCP}:nf_tcp_handle_invalid`,
    seen: '6.0-rc1, 6.1.175',
  },
  {
    since: '6.1',
    behaviour: 'challengedSynResets',
    text: [
      'A RST that answers a challenge ACK in SYN_SENT closes the entry. Before, its sequence number was outside the',
      'window: INVALID.',
    ].join(' '),
    source: `${TCP}:nf_conntrack_tcp_packet`,
    seen: '6.0-rc1, 6.1.175',
  },
  {
    since: '6.1',
    behaviour: 'rejectClosesEntry',
    text: "REJECT's RST puts the entry into CLOSE, for 10 seconds. Before, the entry stayed as it was.",
    source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_set_closing',
    seen: '6.0-rc1, 6.1.175',
  },
  {
    since: '6.1',
    behaviour: 'scaleSettledByReply',
    text: [
      'Only the answer to a SYN settles that windows are not scaled. Before, a repeated SYN did too, whatever both',
      'sides had agreed on.',
    ].join(' '),
    source: `${TCP}:tcp_init_sender`,
    seen: '6.3.8, 6.8.1 and the long-term 6.1.175',
  },
  {
    since: '6.1',
    text: [
      'An SCTP association that is established lives for 210 seconds, one that shuts down for 3. Before: five days and',
      '0.3 seconds.',
    ].join(' '),
    source: 'net/netfilter/nf_conntrack_proto_sctp.c:sctp_timeouts',
    seen: '5.19.0, 6.1.175',
    sysctlsBefore: {
      'net.netfilter.nf_conntrack_sctp_timeout_established': 432_000,
      'net.netfilter.nf_conntrack_sctp_timeout_shutdown_sent': 0.3,
      'net.netfilter.nf_conntrack_sctp_timeout_shutdown_recd': 0.3,
    },
  },
  {
    since: '5.18',
    behaviour: 'liberalSurvivesSyn',
    text: [
      'A connection that was picked up in the middle stays liberal when a SYN tells its options anew. Before, its window',
      'was checked strictly from there on.',
    ].join(' '),
    source: `${TCP}:tcp_options, nf_ct_tcp_state_reset`,
    seen: '5.17-rc5, 5.18.0',
  },
  {
    since: '5.18',
    behaviour: 'laterSynRestartsSide',
    text: [
      'Only a SYN starts what is known of a side anew while the connection opens. Before, any segment of the client in',
      'SYN_SENT and of the server in SYN_RECV did.',
    ].join(' '),
    source: `${TCP}:tcp_in_window`,
    seen: '5.14-rc5, 5.18.0',
  },
  {
    since: '5.16',
    behaviour: 'udpAssuredAsStream',
    text: 'A UDP flow is ASSURED once it is a stream. Before, with the first packet after an answer.',
    source: `${UDP}:nf_conntrack_udp_packet`,
    seen: '5.14-rc5, 5.17-rc5',
  },
  {
    since: '5.14',
    behaviour: 'rstJudgedByState',
    text: [
      'A RST is believed without a check where the connection is closing, and where a SYN was let through before it;',
      'with sequence 0 where it is not established; and always with nf_conntrack_tcp_ignore_invalid_rst=1. Before, one',
      'below what was acknowledged was INVALID in all of these.',
    ].join(' '),
    source: `${TCP}:nf_conntrack_tcp_packet`,
    seen: '5.11.14, 5.14-rc5',
  },
  {
    since: '5.14',
    behaviour: 'synAgainKeepsTimeout',
    text: 'A SYN sent again does not refresh the timeout of its entry. Before, it did.',
    source: `${TCP}:nf_conntrack_tcp_packet`,
    seen: '5.11.14, 5.14-rc5',
  },
  {
    since: '5.10',
    behaviour: 'keepAliveAnswerTaken',
    text: [
      'In a connection that is picked up by a keep-alive, the answer acknowledges one byte more than was seen, and is',
      'taken. Before, it was let through, but nothing was learnt from it.',
    ].join(' '),
    source: `${TCP}:tcp_in_window`,
    seen: '5.9.1, 5.10.7',
  },
  {
    since: '5.10',
    behaviour: 'directorKnowsOwnAnswers',
    text: [
      'What an IPVS director with direct routing answers itself in a connection that it forwards (an ICMP error, a RST)',
      'is UNTRACKED. Before, it was RELATED.',
    ].join(' '),
    source: 'net/netfilter/ipvs/ip_vs_conn.c:ip_vs_conn_out_get',
    seen: '5.9.1, 5.10.7',
  },
  {
    since: '5.7',
    behaviour: 'postroutingSeesInput',
    text: '`-i` in a chain that POSTROUTING calls tells where a forwarded packet came in. Before, it never matched.',
    source: 'net/ipv4/ip_output.c:ip_output',
    seen: '5.4.124, 5.7.14',
  },
  {
    since: '5.3',
    behaviour: 'lastWindowUnscaled',
    text: [
      'Whether an ACK is sent again is seen by its window as it stands in the header. Before, by the low 16 bits of the',
      'scaled window, so a large one was never the same twice.',
    ].join(' '),
    source: `${TCP}:tcp_in_window`,
    seen: '5.2.1, 5.4.124',
  },
  {
    since: '5.3',
    behaviour: 'zeroNetworkIsUnicast',
    text: 'Addresses of 0.0.0.0/8, but for 0.0.0.0 itself, are addresses like others. Before, they were martians.',
    source: 'include/linux/in.h:ipv4_is_zeronet (changed by commit 96125bf9985a)',
    seen: 'the sources before and after that commit; 6.18.44 was asked',
  },
  {
    since: '5.1',
    behaviour: 'rstMustBeExact',
    text: [
      'In ESTABLISHED, a RST within the window closes the entry only with the very sequence number that is due. Before,',
      'any that was not below it.',
    ].join(' '),
    source: `${TCP}:nf_conntrack_tcp_packet`,
    seen: '5.0.0, 5.2.1',
  },
  {
    since: '5.1',
    behaviour: 'icmpErrorToItsSender',
    text: [
      'An ICMP error is RELATED only if it goes to the host that sent the quoted packet. Before, its own destination did',
      'not count.',
    ].join(' '),
    source: 'net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_inet_error',
    seen: '5.0.0, 5.2.1',
  },
  {
    since: '5.0',
    behaviour: 'udpStreamAfterTwoSeconds',
    text: [
      'A UDP flow is a stream, which lives for 120 seconds, if it is answered and still used 2 seconds after it began.',
      'Before, as soon as it was answered, and a stream lived for 180.',
    ].join(' '),
    source: `${UDP}:udp_packet, udp_timeouts`,
    seen: '4.20.0, 5.0.0',
    sysctlsBefore: { 'net.netfilter.nf_conntrack_udp_timeout_stream': 180 },
  },
  {
    since: '4.18',
    behaviour: 'zeroWindowShortensTimeout',
    text: 'A connection whose last ACK offered no window lives for 300 seconds at most. Before, as long as any.',
    source: `${TCP}:tcp_packet`,
    seen: "4.10.17, Red Hat's 4.18.0",
  },
  {
    since: '4.18',
    behaviour: 'simultaneousOpenCompletes',
    text: 'The last ACK of a simultaneous open makes it ESTABLISHED. Before, the entry stayed in SYN_RECV.',
    source: `${TCP}:tcp_packet (IP_CT_TCP_SIMULTANEOUS_OPEN)`,
    seen: "4.10.17, Red Hat's 4.18.0",
  },
  {
    since: '4.2',
    behaviour: 'challengeAckInLastAck',
    text: 'In LAST_ACK, an ACK that answers a late SYN is ignored (RFC 5961). Before, it was taken for the last one.',
    source: `${TCP}:tcp_packet (IP_CT_EXP_CHALLENGE_ACK)`,
    seen: '4.0.5, 4.2.8',
  },
  {
    since: '4.0',
    text: 'The table holds 262,144 entries on a host with more than 4 GB. Before, 65,536.',
    source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_init_start',
    seen: '3.18.24, 4.0.5',
    sysctlsBefore: { 'net.netfilter.nf_conntrack_max': 65_536, 'net.netfilter.nf_conntrack_buckets': 16_384 },
  },
  {
    since: '3.18',
    behaviour: 'serverMayReopen',
    text: 'After TIME_WAIT the side that answered may open the next connection. Before, its SYN was INVALID.',
    source: `${TCP}:tcp_conntracks`,
    seen: '3.10.105, 3.18.24',
  },
  {
    since: '3.12',
    behaviour: 'unseenReceiverHasNoWindow',
    text: [
      'While nothing was seen of the receiver, a segment cannot be below its window (TCP Fast Open). Before, such a',
      'segment was INVALID.',
    ].join(' '),
    source: `${TCP}:tcp_in_window (in_recv_win)`,
    seen: '3.10.105, 3.18.24',
  },
] as const satisfies readonly KernelChange[];

export type KernelBehaviour = Extract<(typeof KERNEL_CHANGES)[number], { readonly behaviour: string }>['behaviour'];

/** What the simulator asks of a release: each behaviour is there, or as it was before. */
export type KernelProfile = Readonly<Record<KernelBehaviour, boolean>> & {
  readonly sysctlDefaults: Readonly<Record<string, number>>;
};

/** `6.18`, `5.10.0-28-amd64`, `3.10.0-1160.el7.x86_64`; undefined: no release. */
export function parseRelease(text: string): readonly [major: number, minor: number] | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?![\d])/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** @throws Error where that is no release */
export function kernelProfile(release: string): KernelProfile {
  const asked = parseRelease(release);
  if (asked === undefined) throw new Error(`not a kernel release such as ${KERNEL_RELEASE}: ${release}`);
  const changes: readonly KernelChange[] = KERNEL_CHANGES;
  const missing = changes.filter(({ since }) => isBefore(asked, parseRelease(since) ?? asked));
  const behaviours = changes.flatMap((change) =>
    change.behaviour === undefined ? [] : [[change.behaviour, !missing.includes(change)] as const],
  );
  return {
    ...(Object.fromEntries(behaviours) as Record<KernelBehaviour, boolean>),
    sysctlDefaults: Object.assign({}, SYSCTL_DEFAULTS, ...missing.map(({ sysctlsBefore }) => sysctlsBefore)),
  };
}

function isBefore(
  [major, minor]: readonly [number, number],
  [otherMajor, otherMinor]: readonly [number, number],
): boolean {
  return major === otherMajor ? minor < otherMinor : major < otherMajor;
}

/** Of {@link KERNEL_RELEASE}. Where the kernel's documentation and its code disagree, the code counts. */
// biome-ignore format: a table, aligned
const SYSCTL_DEFAULTS: Readonly<Record<string, number>> = {
  'net.ipv4.ip_forward': 0,
  'net.ipv4.ip_default_ttl': 64,
  'net.ipv4.ipfrag_time': 30,
  // net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_control_net_init_sysctl
  'net.ipv4.vs.snat_reroute': 1,
  'net.ipv4.vs.pmtu_disc': 1,
  'net.ipv4.vs.conn_reuse_mode': 1,
  'net.bridge.bridge-nf-call-iptables': 1,
  'net.bridge.bridge-nf-call-ip6tables': 1,
  'net.ipv6.ip6frag_time': 60,
  'net.netfilter.nf_conntrack_frag6_timeout': 60,
  'net.netfilter.nf_conntrack_max': 262_144,
  'net.netfilter.nf_conntrack_buckets': 262_144,
  'net.netfilter.nf_conntrack_expect_max': 4096,
  'net.netfilter.nf_conntrack_checksum': 1,
  // net/netfilter/nf_conntrack_proto_tcp.c:tcp_timeouts, nf_conntrack_tcp_init_net
  'net.netfilter.nf_conntrack_tcp_timeout_syn_sent':       120,
  'net.netfilter.nf_conntrack_tcp_timeout_syn_recv':        60,
  'net.netfilter.nf_conntrack_tcp_timeout_established': 432_000,
  'net.netfilter.nf_conntrack_tcp_timeout_fin_wait':       120,
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait':      60,
  'net.netfilter.nf_conntrack_tcp_timeout_last_ack':        30,
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait':      120,
  'net.netfilter.nf_conntrack_tcp_timeout_close':           10,
  'net.netfilter.nf_conntrack_tcp_timeout_max_retrans':    300,
  'net.netfilter.nf_conntrack_tcp_timeout_unacknowledged': 300,
  'net.netfilter.nf_conntrack_tcp_loose': 1,
  'net.netfilter.nf_conntrack_tcp_be_liberal': 0,
  'net.netfilter.nf_conntrack_tcp_ignore_invalid_rst': 0,
  'net.netfilter.nf_conntrack_tcp_max_retrans': 3,
  // net/netfilter/nf_conntrack_proto_udp.c:udp_timeouts
  'net.netfilter.nf_conntrack_udp_timeout': 30,
  'net.netfilter.nf_conntrack_udp_timeout_stream': 120,
  // net/netfilter/nf_conntrack_proto_icmp.c, …_icmpv6.c, …_gre.c, …_sctp.c, …_generic.c
  'net.netfilter.nf_conntrack_icmp_timeout': 30,
  'net.netfilter.nf_conntrack_icmpv6_timeout': 30,
  'net.netfilter.nf_conntrack_gre_timeout': 30,
  'net.netfilter.nf_conntrack_gre_timeout_stream': 180,
  'net.netfilter.nf_conntrack_generic_timeout': 600,
  'net.netfilter.nf_conntrack_sctp_timeout_closed': 10,
  'net.netfilter.nf_conntrack_sctp_timeout_cookie_wait': 3,
  'net.netfilter.nf_conntrack_sctp_timeout_cookie_echoed': 3,
  'net.netfilter.nf_conntrack_sctp_timeout_established': 210,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_sent': 3,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_recd': 3,
  'net.netfilter.nf_conntrack_sctp_timeout_shutdown_ack_sent': 3,
  'net.netfilter.nf_conntrack_sctp_timeout_heartbeat_sent': 30,
};
