import { compare, defineMatch, fails, leaves, mismatch, option, same, takes } from './define';
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
  examples: [
    same('-m cgroup --cgroup 1'),
    same('-m cgroup ! --cgroup 4294967295'),
    fails('-m cgroup', 'one of'),
    takes('-m cgroup ! --cgroup 1', 'out udp 203.0.113.1:40000 > 198.51.100.7:53'),
    leaves('-m cgroup --cgroup 1', 'out udp 203.0.113.1:40000 > 198.51.100.7:53'),
  ],
  matches(_packet, { path, cgroup: group }, { sender }) {
    // Even what is negated fails without a socket.
    const isWhole = sender?.kind === 'kernel' || (sender && !sender.isRequest);
    if (!isWhole) return mismatch('', 'no socket of this host has the packet here');
    if (path) return { kind: 'unsure', reason: 'a scenario does not say in which group a process is' };
    return group ? compare('cgroup', group, group.value === NO_CLASS, () => `the class id is ${NO_CLASS}`) : true;
  },
});

/** Of a process in no group of net_cls. */
const NO_CLASS = 0;
