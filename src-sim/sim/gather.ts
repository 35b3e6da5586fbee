/** Fragments on their way wait for the others of their packet. */
import { isPayloadFragment, withoutAtomicHeader } from '../net/ipv6-extensions';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';
import type { PacketFate } from './trace';
import { ACCEPT, type Verdict } from './traverse';

const WAITING: PacketFate = { kind: 'held', reason: 'the fragment waits for the others' };

/** Seconds for which fragments wait, by who gathers them. @kernel net/ipv4/ip_fragment.c, net/ipv6/netfilter/nf_conntrack_reasm.c */
const PATIENCE = {
  ipv4: { hook: 'net.ipv4.ipfrag_time', deliver: 'net.ipv4.ipfrag_time' },
  ipv6: { hook: 'net.netfilter.nf_conntrack_frag6_timeout', deliver: 'net.ipv6.ip6frag_time' },
} as const;

/** @returns the fate of a fragment that does not complete its packet. @kernel net/ipv4/netfilter/nf_defrag_ipv4.c:ipv4_conntrack_defrag */
export function gather(machine: Machine, flight: InFlight, user: Hook | 'deliver'): PacketFate | undefined {
  const { packet, inDevice } = flight;
  if (packet.fragment === undefined) return undefined;
  const patience = machine.host.sysctl.get(PATIENCE[packet.family][user === 'deliver' ? 'deliver' : 'hook']);
  const answer = machine.fragments.add(user, inDevice, packet, machine.now + patience);
  if (answer.kind === 'waits') return WAITING;
  if (answer.kind === 'dropped') return { kind: 'dropped', where: 'reassembly', reason: answer.reason };
  flight.packet = answer.packet;
  const text = `the last of ${answer.packet.pieces?.length} fragments: ${answer.packet.length} bytes together`;
  flight.story.steps?.push({ kind: 'stack', text });
  return undefined;
}

export function defragment(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  if (isPayloadFragment(flight.packet)) return { kind: 'HELD', fate: WAITING };
  flight.packet = withoutAtomicHeader(flight.packet);
  const fate = gather(machine, flight, hook);
  return fate === undefined ? ACCEPT : { kind: 'HELD', fate };
}
