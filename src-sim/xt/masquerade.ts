import type { Packet } from '../net/packet';
import { defineTarget, fails, option, same, saved, type TargetAnswer } from './define';
import { natRange, portChoice, refusePorts } from './nat-types';
import { flag } from './value-types';

export const MASQUERADE = defineTarget({
  name: 'MASQUERADE',
  families: ['ipv4', 'ipv6'],
  summary: 'SNAT to the address of the interface by which the packet leaves.',
  details: [
    'For interfaces whose address changes: the entries are forgotten when the interface goes down. Where the',
    'address is fixed, SNAT does the same with less work. Without an address on the interface the packet is',
    'dropped.',
  ].join('\n'),
  kernel: 'net/netfilter/nf_nat_masquerade.c:nf_nat_masquerade_ipv4',
  tables: ['nat'],
  hooks: ['POSTROUTING'],
  needsConntrack: true,
  options: {
    'to-ports': option(portChoice, 'Source ports to choose from.'),
    random: option(flag, 'Do not keep the port.'),
    'random-fully': option(flag, 'Do not keep the port, and choose it wholly at random.'),
  },
  examples: [
    same('-j MASQUERADE'),
    same('-p tcp -j MASQUERADE --to-ports 1000-2000 --random'),
    saved('-j MASQUERADE --random-fully --random', '-j MASQUERADE --random --random-fully'),
    fails('-j MASQUERADE --to-ports 1000', 'ports need'),
    fails('-p tcp -j MASQUERADE --to-ports 1000:2000', 'not a port'),
  ],
  refuses: (given, context) => refusePorts(given['to-ports']?.value, context),
  apply(packet, given, world): TargetAnswer {
    if (hasNoSource(packet))
      return { kind: 'verdict', verdict: 'ACCEPT', reason: 'a packet without a source is left alone' };
    const { outDevice } = world;
    const address = outDevice === undefined ? undefined : world.sourceAddress(outDevice);
    if (outDevice === undefined || address === undefined) {
      return { kind: 'verdict', verdict: 'DROP', reason: `${outDevice ?? 'the interface'} has no address` };
    }
    if (world.conntrack?.kind === 'tracked') world.conntrack.entry.masqueradeDevice = outDevice;
    const ports = given['to-ports']?.value;
    const choice = { addresses: { min: address, max: address }, ...(ports && { ports }) };
    return { kind: 'verdict', verdict: world.setUpNat('src', natRange(choice, given)) };
  },
  effect: () => ({ kind: 'end' }),
});

/** A DHCP client that has no address yet keeps having none. Only IPv4 looks. */
function hasNoSource({ family, src }: Packet): boolean {
  return family === 'ipv4' && src === '0.0.0.0';
}
