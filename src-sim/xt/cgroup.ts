import { defineMatch, fails, option, same } from './define';
import { limitedText, uint32 } from './value-types';

export const cgroup = defineMatch({
  name: 'cgroup',
  families: ['ipv4', 'ipv6'],
  summary: 'The control group of the process whose socket sends or takes the packet.',
  kernel: 'net/netfilter/xt_cgroup.c:cgroup_mt_v2',
  hooks: ['INPUT', 'OUTPUT', 'POSTROUTING'],
  oneOf: [['path', 'cgroup']],
  options: {
    path: option(limitedText('path', 511), 'A group of version 2, and those below it; the machine must have it.', {
      invert: true,
    }),
    cgroup: option(uint32, 'The class id of a group of version 1 (`net_cls`).', { invert: true }),
  },
  examples: [same('-m cgroup --cgroup 1'), same('-m cgroup ! --cgroup 4294967295'), fails('-m cgroup', 'one of')],
  matches: () => ({ kind: 'unsure', reason: 'simulated processes are in no control group' }),
});
