import { defineTarget, fails, same } from './define';
import { PREFIX_OPTIONS, prefixProblem } from './prefix-translation';

export const SNPT = defineTarget({
  name: 'SNPT',
  families: ['ipv6'],
  summary: 'Replaces the prefix of the source address, without conntrack (RFC 6296).',
  details: 'The other direction needs its own rule.',
  kernel: 'net/ipv6/netfilter/ip6t_NPT.c',
  tables: ['mangle'],
  hooks: ['INPUT', 'POSTROUTING'],
  options: PREFIX_OPTIONS,
  examples: [
    same('-j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64'),
    fails('-j SNPT --src-pfx dead::beef --dst-pfx 1c3::/64', 'at most 64'),
    fails('-j SNPT --src-pfx dead::/64', 'required'),
  ],
  refuses: (given) => prefixProblem([given['src-pfx'].value, given['dst-pfx'].value]),
  apply: () => ({ kind: 'unsure', reason: 'the translation of prefixes is not simulated' }),
  effect: () => ({ kind: 'continue' }),
});
