import { defineMatch, fails, option, same, saved } from './define';
import { markTest } from './mark-types';

export const devgroup = defineMatch({
  name: 'devgroup',
  families: ['ipv4', 'ipv6'],
  summary: 'The group of the interface (`ip link set … group`).',
  kernel: 'net/netfilter/xt_devgroup.c:devgroup_mt',
  anyOf: [['src-group', 'dst-group']],
  options: {
    'src-group': option(markTest, 'Group of the interface by which the packet came in.', {
      invert: true,
      hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
    }),
    'dst-group': option(markTest, 'Group of the interface by which it will leave.', {
      invert: true,
      hooks: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
    }),
  },
  examples: [
    saved('-m devgroup --src-group 1', '-m devgroup --src-group 0x1'),
    same('-m devgroup ! --src-group 0x1/0x3 --dst-group 0x3'),
    fails('-m devgroup', 'one of'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'simulated interfaces are in no group' }),
});
