/**
 * Names of the matches and targets that iptables 1.8 and xtables-addons 3 come with, declared in src-sim/xt or not: a
 * name that is not there yet is told from one that is misspelt. Names only; what they do is for the declarations.
 *
 * @see iptables: extensions/
 */
import { EXTENSIONS } from '../../../src-sim/xt/registry';

// biome-ignore format: lists of words
const MATCH_NAMES = [
  'addrtype', 'ah', 'bpf', 'cgroup', 'cluster', 'comment', 'connbytes', 'connlabel', 'connlimit', 'connmark',
  'conntrack', 'cpu', 'dccp', 'devgroup', 'dscp', 'dst', 'ecn', 'esp', 'eui64', 'frag', 'hashlimit', 'hbh', 'helper',
  'hl', 'icmp', 'icmp6', 'ipcomp', 'iprange', 'ipv6header', 'ipvs', 'length', 'limit', 'mac', 'mark', 'mh',
  'multiport', 'nfacct', 'osf', 'owner', 'physdev', 'pkttype', 'policy', 'quota', 'rateest', 'realm', 'recent',
  'rpfilter', 'rt', 'sctp', 'set', 'socket', 'srh', 'state', 'statistic', 'string', 'tcp', 'tcpmss', 'time', 'tos',
  'ttl', 'u32', 'udp',
  'condition', 'fuzzy', 'geoip', 'gradm', 'iface', 'ipp2p', 'ipv4options', 'length2', 'lscan', 'pknock', 'psd', 'quota2',
];

// biome-ignore format: lists of words
const TARGET_NAMES = [
  'ACCEPT', 'AUDIT', 'CHECKSUM', 'CLASSIFY', 'CLUSTERIP', 'CONNMARK', 'CONNSECMARK', 'CT', 'DNAT', 'DNPT', 'DROP',
  'DSCP', 'ECN', 'HL', 'HMARK', 'IDLETIMER', 'LED', 'LOG', 'MARK', 'MASQUERADE', 'NAT', 'NETMAP', 'NFLOG', 'NFQUEUE',
  'NOTRACK', 'QUEUE', 'RATEEST', 'REDIRECT', 'REJECT', 'RETURN', 'SECMARK', 'SET', 'SNAT', 'SNPT', 'SYNPROXY',
  'TCPMSS', 'TCPOPTSTRIP', 'TEE', 'TOS', 'TPROXY', 'TRACE', 'TTL', 'ULOG', 'standard',
  'ACCOUNT', 'CHAOS', 'DELUDE', 'DHCPMAC', 'DNETMAP', 'ECHO', 'IPMARK', 'LOGMARK', 'PROTO', 'RAWNAT', 'STEAL', 'SYSRQ',
  'TARPIT',
];

const NAMES = { match: namesOf('match', MATCH_NAMES), target: namesOf('target', TARGET_NAMES) };

export function isExtensionName(kind: 'match' | 'target', name: string): boolean {
  return NAMES[kind].has(name);
}

export function extensionNames(kind: 'match' | 'target'): Iterable<string> {
  return NAMES[kind];
}

function namesOf(kind: 'match' | 'target', known: readonly string[]): ReadonlySet<string> {
  return new Set([...known, ...EXTENSIONS.filter((one) => one.kind === kind).map((one) => one.name)]);
}
