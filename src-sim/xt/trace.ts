import { defineTarget, same } from './define';

export const TRACE = defineTarget({
  name: 'TRACE',
  families: ['ipv4', 'ipv6'],
  summary: 'Makes the kernel tell of every rule that the packet matches from here on; the walk goes on.',
  details: [
    'With `iptables-legacy` the lines go to the kernel log; with `iptables-nft` `xtables-monitor --trace` shows',
    'them. What it tells is what the simulator shows of every packet.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_TRACE.c:trace_tg',
  tables: ['raw'],
  anyTableInNft: true,
  options: {},
  examples: [same('-j TRACE')],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
