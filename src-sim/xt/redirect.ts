import type { Address } from '../net/address';
import { defineTarget, fails, option, same, saved, type TargetAnswer } from './define';
import { natRange, portChoice, refusePorts } from './nat-types';
import { flag } from './value-types';
import type { TargetWorld } from './world';

export const REDIRECT = defineTarget({
  name: 'REDIRECT',
  families: ['ipv4', 'ipv6'],
  summary: 'DNAT to this host itself: to the interface by which the packet came in, or in OUTPUT to loopback.',
  details: 'The packet goes to INPUT with the new port, so that is where it has to be accepted.',
  kernel: 'net/netfilter/nf_nat_redirect.c:nf_nat_redirect_ipv4',
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  needsConntrack: true,
  options: {
    'to-ports': option(portChoice, 'Destination port, or ports to choose from; absent: the port stays.', {
      aliases: ['to-port'],
    }),
    random: option(flag, 'Choose the port at random.'),
  },
  examples: [
    same('-j REDIRECT'),
    saved('-p tcp -j REDIRECT --to-port http --random', '-p tcp -j REDIRECT --to-ports 80 --random'),
    fails('-j REDIRECT --to-ports 80', 'ports need'),
    fails('-p tcp -j REDIRECT --to-ports 80-90/5', 'shifted'),
  ],
  refuses: (given, context) => refusePorts(given['to-ports']?.value, context),
  apply(packet, given, world): TargetAnswer {
    const address = ownAddress(packet.dst, world);
    if (address === undefined)
      return { kind: 'verdict', verdict: 'DROP', reason: `${world.inDevice ?? 'the interface'} has no address` };
    const ports = given['to-ports']?.value;
    const choice = { addresses: { min: address, max: address }, ...(ports && { ports }) };
    return { kind: 'verdict', verdict: world.setUpNat('dst', natRange(choice, given)) };
  },
  effect: () => ({ kind: 'end' }),
});

/** What was sent to the link stays on it. @kernel net/netfilter/nf_nat_redirect.c:nf_nat_redirect_ipv6_usable */
const LINK_LOCAL = /^(?:fe[89ab]|ff[0-9a-f]2:)/;

function ownAddress(destination: Address, world: TargetWorld): string | undefined {
  if (world.hook === 'OUTPUT') return world.family === 'ipv4' ? '127.0.0.1' : '::1';
  return world.inDevice === undefined ? undefined : world.redirectAddress(world.inDevice, LINK_LOCAL.test(destination));
}
