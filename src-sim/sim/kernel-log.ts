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

interface Group extends CausedPacket {
  readonly first: Packet;
  readonly trace: string[];
}

/**
 * Puts the lines of all packets together as a reader of the log would, who tells packets apart by their headers alone.
 *
 * @param stories the packet's own first, then those that the host made because of it, in order
 */
export function readLog(stories: readonly Story[]): Logged {
  const groups = new Map<string, Group>();
  for (const { text, packet } of stories.flatMap(({ log, isCopy }) => (isCopy ? [] : (log ?? [])))) {
    const key = logKey(packet);
    const { src, dst } = packet;
    const group = groups.get(key) ?? { src, dst, proto: traceProtocol(packet), trace: [], first: packet };
    group.trace.push(text);
    groups.set(key, group);
  }
  const [own] = stories;
  const main = [...groups.values()].find(({ first }) => own !== undefined && isSamePacket(first, own.packet));
  const others = [...groups.values()].filter((group) => group !== main);
  return { trace: main?.trace ?? [], caused: others.map(({ src, dst, proto, trace }) => ({ src, dst, proto, trace })) };
}

/** What a line tells a packet by. IPv6 has no id; a reader takes the first that stands there, an echo's own. */
function logKey(packet: Packet): string {
  const { transport, length } = packet;
  const type = transport.kind === 'icmp' ? transport.type : '';
  const echo = transport.kind === 'icmp' && (type === 128 || type === 129) ? transport.id : '';
  return `${packet.family === 'ipv4' ? packet.id : echo} ${traceProtocol(packet)} ${length} ${type}`;
}

function isSamePacket(logged: Packet, sent: Packet): boolean {
  return sent.family === 'ipv4' ? logged.id === sent.id : logged.src === sent.src;
}
