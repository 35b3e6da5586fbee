/**
 * TCP sequence numbers of a connection in which NAT made a segment longer or shorter: from there on the two sides count
 * differently.
 *
 * @kernel net/netfilter/nf_conntrack_seqadj.c
 */
import { type Packet, TCP_FLAG } from '../net/packet';
import type { Entry } from './entry';
import { after, before } from './sequence';
import { type Direction, otherDirection } from './tuple';

/** By the direction of the segments that were changed. */
export type SequenceShift = Readonly<Record<Direction, Shift>>;

interface Shift {
  /** Sequence number of the last segment that was changed. */
  position: number;
  /** Bytes that were added before that segment, and with it. */
  before: number;
  after: number;
}

/** @param bytes that were added to the segment; negative: taken away. @kernel …:nf_ct_seqadj_set */
export function shiftSequence(entry: Entry, direction: Direction, seq: number, bytes: number): void {
  entry.sequenceShift ??= { original: noShift(), reply: noShift() };
  const shift = entry.sequenceShift[direction];
  if (shift.before !== shift.after && !before(shift.position, seq)) return;
  shift.position = seq;
  shift.before = shift.after;
  shift.after += bytes;
}

function noShift(): Shift {
  return { position: 0, before: 0, after: 0 };
}

/** How far the sequence number of a direction is shifted. @kernel …:nf_ct_seq_offset */
export function sequenceOffset({ sequenceShift }: Entry, direction: Direction, seq: number): number {
  if (sequenceShift === undefined) return 0;
  const shift = sequenceShift[direction];
  return after(seq, shift.position) ? shift.after : shift.before;
}

/** The segment with the numbers that its receiver expects. @kernel …:nf_ct_seq_adjust */
export function withShiftedSequence(packet: Packet, { sequenceShift }: Entry, direction: Direction): Packet {
  const { transport } = packet;
  if (sequenceShift === undefined || transport.kind !== 'tcp') return packet;
  const [own, other] = [sequenceShift[direction], sequenceShift[otherDirection(direction)]];
  const seq = (transport.seq + (after(transport.seq, own.position) ? own.after : own.before)) >>> 0;
  if (!(transport.flags & TCP_FLAG.A)) return { ...packet, transport: { ...transport, seq } };
  const back = (number: number) =>
    (number - (after((number - other.before) >>> 0, other.position) ? other.after : other.before)) >>> 0;
  const { sack } = transport.options;
  const options = sack
    ? { ...transport.options, sack: sack.map(([left, right]) => [back(left), back(right)] as const) }
    : transport.options;
  return { ...packet, transport: { ...transport, seq, ack: back(transport.ack), options } };
}
