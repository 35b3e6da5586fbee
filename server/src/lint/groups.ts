/** The groups of lint rules, each declared once: the settings, the command line and the documents read this table. */
export const RULE_GROUPS = {
  state: 'what `--ctstate` sees, and what it does not',
  notrack: 'packets that are taken out of conntrack',
  nat: 'translations that do less, or more, than they seem to',
  order: 'rules that others hide, and policies that nothing reaches',
  icmp: 'errors, path MTU and fragments',
  tcp: 'flags, MSS and resets',
  interface: 'names of interfaces, and on which side they stand',
  bridge: 'frames of a bridge that iptables sees, or does not',
  routing: 'marks, proxies and forwarding: which way packets take',
  lvs: 'directors of LVS, and other hosts that see one direction only',
  helper: 'protocols whose connections announce others',
  openstack: "rules that OpenStack's agents write",
  'docker-kubernetes': 'rules that Docker, Kubernetes and their plug-ins write',
  ipv6: 'what IPv6 needs, and what only one family has',
  limits: 'limit, hashlimit, recent, connlimit and quota',
  deprecated: 'words that are gone, or going',
  hygiene: 'what works, and reads badly',
} as const;

export type RuleGroup = keyof typeof RULE_GROUPS;
