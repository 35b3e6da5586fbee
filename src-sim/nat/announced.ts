/**
 * Connections that a helper expects where the one that announces them is translated: they are too, and what the payload
 * says of addresses and ports is written anew.
 *
 * @kernel net/netfilter/nf_nat_helper.c, nf_nat_ftp.c, nf_nat_irc.c, nf_nat_tftp.c, nf_nat_amanda.c
 */
import type { Entry } from '../conntrack/entry';
import type { ExpectAnswer, Expectation, Expected } from '../conntrack/expectation';
import type { AnnouncedNat, Announcement } from '../conntrack/helper/define';
import { shiftSequence } from '../conntrack/sequence-shift';
import { type Direction, otherDirection, type Tuple } from '../conntrack/tuple';
import type { Packet } from '../net/packet';
import { type NatContext, setUpNat } from './nat';

/** The expected flow's first packet is here: it goes where its master's do. @kernel nf_nat_helper.c:nf_nat_follow_master */
export function followMaster(child: Entry, { master, followsMaster }: Expectation, context: NatContext): void {
  if (followsMaster === undefined) return;
  const { direction, port } = followsMaster;
  const { src, dst } = tupleOf(master, otherDirection(direction));
  setUpNat(child, 'src', { addresses: { min: dst, max: dst } }, context);
  setUpNat(child, 'dst', { addresses: { min: src, max: src }, ports: { min: port, max: port } }, context);
}

function tupleOf(entry: Entry, direction: Direction): Tuple {
  return direction === 'original' ? entry.original : entry.reply;
}

export interface Mangled {
  readonly packet: Packet;
  /** What the payload names now. */
  readonly port: number;
}

/**
 * Expects a connection behind NAT, at another port where the announced one is taken.
 *
 * @param expect tries an expectation
 * @param direction of the packet that announces it
 * @returns undefined where no port is left
 */
export function expectBehindNat(
  packet: Packet,
  direction: Direction,
  announced: Announcement & { readonly nat: AnnouncedNat },
  master: Pick<Expected, 'master' | 'policy'>,
  expect: (expected: Expected) => ExpectAnswer,
  random: () => number,
): Mangled | undefined {
  const { tuple, mask, nat } = announced;
  const followsMaster = { direction: nat.direction, port: nat.port ?? tuple.dport };
  const attempt = (dport: number) => expect({ ...master, mask, tuple: { ...tuple, dport }, followsMaster });
  const port = nat.place
    ? freePort(tuple.dport, attempt, random)
    : attempt(tuple.dport) === 'expected'
      ? tuple.dport
      : 0;
  if (port === 0) return undefined;
  const { place } = nat;
  if (place === undefined) return { packet, port };
  const { dst } = tupleOf(master.master, otherDirection(direction));
  return { packet: withPayload(packet, master.master, direction, place, place.write(dst, port)), port };
}

const MOST_ATTEMPTS = 128;

/** @kernel nf_nat_helper.c:nf_nat_exp_find_port */
function freePort(first: number, attempt: (port: number) => ExpectAnswer, random: () => number): number {
  const range = 65_535 - first;
  let port = first;
  for (let left = Math.min(range, MOST_ATTEMPTS); ; left -= 1) {
    const answer = attempt(port);
    if (answer === 'expected') return port;
    if (answer !== 'busy' || left <= 0) return 0;
    port = first + Math.floor(random() * range);
  }
}

/** @kernel nf_nat_helper.c:__nf_nat_mangle_tcp_packet, nf_nat_mangle_udp_packet */
function withPayload(
  packet: Packet,
  master: Entry,
  direction: Direction,
  { at, length }: { readonly at: number; readonly length: number },
  text: string,
): Packet {
  const { transport, payload = '' } = packet;
  const written = payload.slice(0, at) + text + payload.slice(at + length);
  const added = text.length - length;
  if (transport.kind === 'tcp' && added !== 0) shiftSequence(master, direction, transport.seq, added);
  return {
    ...packet,
    payload: written,
    length: packet.length + added,
    transport: { ...transport, dataLength: transport.dataLength + added },
  };
}
