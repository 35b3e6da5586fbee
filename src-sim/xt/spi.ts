/** The security parameter index of ESP and AH headers. */

import type { Packet } from '../net/packet';
import { numberAt, transportOffset } from '../net/transport-header';
import type { Given } from '../netfilter/ruleset';
import { compare, type MatchAnswer, mismatch, type ValueType } from './define';
import { inSpan, type NumberSpan, numberSpan } from './value-types';

const EVERY = 0xffff_ffff;

export const spiSpan: ValueType<NumberSpan> = {
  ...numberSpan('index[:index]', EVERY),
  omitted: ({ min, max }) => min === 0 && max === EVERY,
};

/** Where a header has its index, and how long the header is at least. */
export interface SpiHeader {
  readonly option: string;
  readonly offset: number;
  /** Of the index, in bytes; 4 by default. */
  readonly width?: 2 | 4;
  readonly bytes: number;
}

export function compareSpi(given: Given<NumberSpan> | undefined, packet: Packet, header: SpiHeader): MatchAnswer {
  const start = transportOffset(packet);
  if (start === undefined) return mismatch('', 'a later fragment has no such header');
  const index = numberAt(packet, start + header.offset, header.width ?? 4);
  if (index === undefined || start + header.bytes > packet.length)
    return { kind: 'hotdrop', reason: 'the packet has not the whole header' };
  return given ? compare(header.option, given, inSpan(index, given.value), () => `the index is ${index}`) : true;
}
