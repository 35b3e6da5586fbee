/**
 * The kernel release that citations in this project mean (6.18), and what its sysctls are by default. Where the
 * documentation and the code disagree, the code counts.
 */

export const KERNEL_RELEASE = '6.18';

// biome-ignore format: a table, aligned
export const SYSCTL_DEFAULTS: Readonly<Record<string, number>> = {
  'net.ipv4.ip_forward': 0,
  'net.ipv4.ip_default_ttl': 64,
  'net.netfilter.nf_conntrack_max': 262_144,
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
