import { defineTarget, fails, option, same } from './define';
import { flag } from './value-types';

export const CONNSECMARK = defineTarget({
  name: 'CONNSECMARK',
  families: ['ipv4', 'ipv6'],
  summary: 'Copies the SELinux mark between a packet and its conntrack entry; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_CONNSECMARK.c:connsecmark_tg',
  tables: ['mangle', 'security'],
  oneOf: [['save', 'restore']],
  options: {
    save: option(flag, 'From the packet to the entry, where the entry has none.'),
    restore: option(flag, 'From the entry to the packet, where the packet has none.'),
  },
  needsConntrack: true,
  examples: [
    same('-j CONNSECMARK --save'),
    same('-j CONNSECMARK --restore'),
    fails('-j CONNSECMARK', 'one of'),
    fails('-j CONNSECMARK --save --restore', 'exclude'),
  ],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
