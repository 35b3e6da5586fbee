import { defineTarget, fails, option, same } from './define';
import { flag } from './value-types';

export const CHECKSUM = defineTarget({
  name: 'CHECKSUM',
  families: ['ipv4', 'ipv6'],
  summary: 'Computes the checksum that was left to the network card; the walk goes on with the next rule.',
  details: 'For programs that read packets of virtual machines from the wire, as old DHCP clients do.',
  kernel: 'net/netfilter/xt_CHECKSUM.c:checksum_tg',
  tables: ['mangle'],
  options: {
    'checksum-fill': option(flag, 'Compute it.', { required: true }),
  },
  examples: [same('-j CHECKSUM --checksum-fill'), fails('-j CHECKSUM', 'required')],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
