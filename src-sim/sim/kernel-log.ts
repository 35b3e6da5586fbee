/**
 * Packets as the kernel's log shows them: TRACE's lines carry a packet's headers, not its identity.
 *
 * @kernel net/netfilter/nf_log_syslog.c:dump_ipv4_packet, dump_ipv6_packet
 */
import type { Packet } from '../net/packet';
import type { Story } from './in-flight';
import { traceProtocol } from './say';
import type { CausedPacket } from './trace';

export interface Logged {
  readonly trace: readonly string[];
  readonly caused: readonly CausedPacket[];
}

/** @param made what the host made because of the packet, in order */
export function logOf(story: Story, made: readonly Story[]): Logged {
  const groups = new Map<string, CausedPacket & { readonly trace: string[] }>();
  const own = logKey(story.packet);
  const trace = [...story.trace];
  for (const { loggedAs, trace: lines } of made) {
    if (loggedAs === undefined) continue;
    const key = logKey(loggedAs);
    if (key === own && trace.length > 0) {
      trace.push(...lines);
      continue;
    }
    const { src, dst } = loggedAs;
    const group = groups.get(key) ?? { src, dst, proto: traceProtocol(loggedAs), trace: [] };
    group.trace.push(...lines);
    groups.set(key, group);
  }
  return { trace, caused: [...groups.values()] };
}

/** What a line tells a packet by. IPv6 has no id. */
function logKey(packet: Packet): string {
  const { transport, length } = packet;
  const type = transport.kind === 'icmp' ? transport.type : '';
  return `${packet.family === 'ipv4' ? packet.id : ''} ${traceProtocol(packet)} ${length} ${type}`;
}
