import { defineMatch, fails, option, same, saved } from './define';
import { uint32 } from './value-types';

export const cpu = defineMatch({
  name: 'cpu',
  families: ['ipv4', 'ipv6'],
  summary: 'The CPU that handles the packet.',
  kernel: 'net/netfilter/xt_cpu.c:cpu_mt',
  options: { cpu: option(uint32, 'Number of the CPU, from 0.', { invert: true, required: true }) },
  examples: [
    same('-m cpu ! --cpu 0'),
    saved('-m cpu --cpu 010', '-m cpu --cpu 8'),
    fails('-m cpu', 'required'),
    fails('-m cpu --cpu 4294967296', 'out of range'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'which CPU handles a packet is up to the machine' }),
});
