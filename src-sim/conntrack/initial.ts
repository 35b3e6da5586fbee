/** Entries that are there when a simulation begins, from lines of /proc/net/nf_conntrack. */
import { type Address, parseAddress } from '../net/address';
import { protocolNumber } from '../net/protocol';
import type { Entry } from './entry';
import type { Status } from './entry-row';
import { type ConntrackLine, type LineTuple, parseConntrackLine } from './line';
import type { ConntrackTable } from './table';
import { TCP_STATES } from './tcp-states';
import { invertTuple, isIcmp, sameTuple, type Tuple } from './tuple';
import { DEFAULT_ZONE, type Zone } from './zone';

/**
 * @returns the entry, still to be put into the table
 * @throws Error when the line is not one of the kernel's; the message quotes it
 */
export function entryOfLine(text: string, table: ConntrackTable): Entry {
  const line = parseConntrackLine(text);
  const protocol = Number(text.trim().split(/\s+/)[3] ?? protocolNumber(line?.protocol ?? ''));
  const [original, reply] = [readTuple(line?.original, protocol), readTuple(line?.reply, protocol)];
  if (line === undefined || original === undefined || reply === undefined)
    throw new Error(`not a line of nf_conntrack: ${text}`);
  const nat = natOf(original, reply);
  const state = TCP_STATES.find((name) => name === line.state);
  const entry = table.open(original, reply, readZone(line), 0);
  Object.assign(entry.status, nat);
  entry.status.seenReply = !line.flags.includes('[UNREPLIED]');
  entry.status.assured = line.flags.includes('[ASSURED]');
  entry.timeout = line.timeout ?? 0;
  entry.mark = Number(field(line, 'mark') ?? 0);
  // What the segments were is not in the line: window tracking begins with the next, as for a connection picked up.
  if (state !== undefined) entry.beginTcp().state = state;
  return entry;
}

/** What NAT decided shows in the reply tuple. */
function natOf(original: Tuple, reply: Tuple): Partial<Status> {
  const plain = invertTuple(original);
  if (plain === undefined || sameTuple(plain, reply)) return {};
  // ICMP's id, which stands in the source port's place, is the source's.
  const icmp = isIcmp(plain.protocol);
  const srcNat = plain.dst !== reply.dst || (icmp ? plain.sport !== reply.sport : plain.dport !== reply.dport);
  const dstNat = plain.src !== reply.src || (!icmp && plain.sport !== reply.sport);
  return { srcNat, dstNat, srcNatDone: true, dstNatDone: true };
}

function readTuple(tuple: LineTuple | undefined, protocol: number): Tuple | undefined {
  const [src, dst] = [address(tuple?.src), address(tuple?.dst)];
  if (tuple === undefined || src === undefined || dst === undefined || !Number.isInteger(protocol)) return undefined;
  if (tuple.icmp) return { src, dst, protocol, sport: tuple.icmp.id, dport: (tuple.icmp.type << 8) | tuple.icmp.code };
  return { src, dst, protocol, sport: tuple.sport ?? 0, dport: tuple.dport ?? 0 };
}

function address(text: string | undefined): Address | undefined {
  return text === undefined ? undefined : parseAddress(text);
}

function readZone(line: ConntrackLine): Zone {
  const [both, original, reply] = ['zone', 'zone-orig', 'zone-reply'].map((name) => field(line, name));
  if (original !== undefined) return { id: Number(original), original: true, reply: false };
  if (reply !== undefined) return { id: Number(reply), original: false, reply: true };
  return both === undefined ? DEFAULT_ZONE : { id: Number(both), original: true, reply: true };
}

function field({ rest }: ConntrackLine, name: string): string | undefined {
  return rest.find(([key]) => key === name)?.[1];
}
