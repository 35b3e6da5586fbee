import { defineMatch, same } from './define';

export const eui64 = defineMatch({
  name: 'eui64',
  families: ['ipv6'],
  summary: 'The lower half of the source address is made of the MAC address that sent it (RFC 4291, appendix A).',
  kernel: 'net/ipv6/netfilter/ip6t_eui64.c:eui64_mt6',
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  options: {},
  examples: [same('-m eui64')],
  matches: () => ({ kind: 'unsure', reason: 'addresses made of MAC addresses are not simulated' }),
});
