import { hostAddress, interfaceName } from './address-types';
import { defineTarget, fails, option, same } from './define';

export const TEE = defineTarget({
  name: 'TEE',
  families: ['ipv4', 'ipv6'],
  summary: 'Sends a copy of the packet to another host of the same network; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_TEE.c:tee_tg4',
  options: {
    gateway: option(hostAddress, 'The host that gets the copy.', { required: true }),
    oif: option(interfaceName, 'The interface by which the copy leaves.'),
  },
  examples: [
    same('-j TEE --gateway 1.1.1.1 --oif eth0'),
    same('-j TEE --gateway 2001:db8::1'),
    fails('-j TEE', 'required'),
  ],
  apply(_packet, given, world) {
    world.duplicate(given.gateway.value, given.oif?.value);
    return { kind: 'continue' };
  },
  effect: () => ({ kind: 'continue' }),
});
