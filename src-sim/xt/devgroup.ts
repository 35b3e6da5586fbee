import type { Given } from '../netfilter/ruleset';
import { compare, defineMatch, fails, leaves, type MatchAnswer, option, same, saved, takes } from './define';
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
    takes('-m devgroup --src-group 0 ! --dst-group 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m devgroup --src-group 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  // Every simulated interface is in the group "default".
  matches(_packet, { 'src-group': source, 'dst-group': destination }) {
    const first = source ? compareGroup('src-group', source) : true;
    return first === true && destination ? compareGroup('dst-group', destination) : first;
  },
});

const DEFAULT_GROUP = 0;

function compareGroup(option: string, given: Given<{ readonly value: number; readonly mask: number }>): MatchAnswer {
  const held = ((given.value.value ^ DEFAULT_GROUP) & given.value.mask) === 0;
  return compare(option, given, held, () => `the group is ${DEFAULT_GROUP}`);
}
