import { defineTarget, fails, same } from './define';
import { PREFIX_OPTIONS, prefixProblem, translatePrefix, translateQuoted } from './prefix-translation';

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
    fails('-j SNPT --src-pfx dead::/15 --dst-pfx 1c3::/64', 'bits set'),
    fails('-j SNPT --src-pfx dead::/64', 'required'),
  ],
  refuses: (given) => prefixProblem([given['src-pfx'].value, given['dst-pfx'].value]),
  apply(packet, given) {
    const [from, to] = [given['src-pfx'].value, given['dst-pfx'].value];
    const src = translatePrefix(packet.src, from, to);
    if (src === undefined) return { kind: 'verdict', verdict: 'DROP', reason: 'the address cannot be translated' };
    return { kind: 'continue', packet: translateQuoted({ ...packet, src }, 'dst', from, to) };
  },
  effect: () => ({ kind: 'continue' }),
});
