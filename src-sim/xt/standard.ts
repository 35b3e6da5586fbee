import type { Hook, TableName } from '../netfilter/hook';
import { defineTarget, fails, same } from './define';

const BOTH = ['ipv4', 'ipv6'] as const;

/** The nat table decides about addresses; iptables refuses to drop there. @see iptables/iptables.c: -t nat with DROP */
const NOT_NAT: readonly TableName[] = ['raw', 'mangle', 'filter', 'security'];

const EVERYWHERE: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

export const ACCEPT = defineTarget({
  name: 'ACCEPT',
  families: BOTH,
  summary: 'Ends the walk of **this table**: the packet goes on to the next table.',
  details: 'It is no last word: an ACCEPT in `raw` or `mangle` does not spare a packet the DROP in `filter`.',
  kernel: 'net/ipv4/netfilter/ip_tables.c:ipt_do_table',
  hooks: EVERYWHERE,
  options: {},
  examples: [same('-j ACCEPT'), fails('-j accept', 'no such target or chain')],
  apply: () => ({ kind: 'verdict', verdict: 'ACCEPT' }),
  effect: () => ({ kind: 'accept' }),
});

export const DROP = defineTarget({
  name: 'DROP',
  families: BOTH,
  summary: 'Throws the packet away without a word; nothing after it sees the packet.',
  details: [
    'The sender waits until it gives up; REJECT tells it. A NEW packet that is dropped leaves no conntrack entry, so',
    'its retransmission is NEW again. Not allowed in the table `nat`.',
  ].join('\n'),
  kernel: 'net/ipv4/netfilter/ip_tables.c:ipt_do_table',
  tables: NOT_NAT,
  options: {},
  examples: [same('-j DROP')],
  apply: () => ({ kind: 'verdict', verdict: 'DROP' }),
  effect: () => ({ kind: 'drop' }),
});

export const RETURN = defineTarget({
  name: 'RETURN',
  families: BOTH,
  summary:
    'Leaves the chain: the walk goes on behind the rule that jumped here; in a built-in chain the policy decides.',
  details: 'A chain that was entered by `-g` does not come back to the rule with the `-g`, but to the one before it.',
  kernel: 'net/ipv4/netfilter/ip_tables.c:ipt_do_table',
  options: {},
  examples: [same('-j RETURN')],
  apply: () => ({ kind: 'return' }),
  effect: () => ({ kind: 'return' }),
});

export const QUEUE = defineTarget({
  name: 'QUEUE',
  families: BOTH,
  summary: 'Hands the packet to a program in userspace: the old form of `NFQUEUE`. `iptables-nft` refuses it.',
  kernel: 'net/ipv4/netfilter/ip_tables.c:ipt_do_table',
  options: {},
  examples: [same('-j QUEUE')],
  refuses: () => ({ why: 'iptables-nft has no such verdict: use NFQUEUE', by: 'nft' }),
  apply: () => ({ kind: 'verdict', verdict: 'DROP', reason: 'no program listens here to queue 0' }),
});
