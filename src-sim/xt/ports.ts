/** Ports of a packet against what a rule asks, for the matches that look at them. */
import { destinationPort, type Packet, sourcePort } from '../net/packet';
import type { Given } from '../netfilter/ruleset';
import { compare, type MatchAnswer } from './define';
import type { RegionCondition } from './region';
import { inSpan, type NumberSpan } from './value-types';

export function sourcePortMatches(packet: Packet, given: Given<NumberSpan> | undefined): MatchAnswer {
  return given === undefined ? true : comparePort('sport', given, sourcePort(packet) ?? 0, 'source');
}

export function destinationPortMatches(packet: Packet, given: Given<NumberSpan> | undefined): MatchAnswer {
  return given === undefined ? true : comparePort('dport', given, destinationPort(packet) ?? 0, 'destination');
}

function comparePort(option: string, given: Given<NumberSpan>, port: number, end: string): MatchAnswer {
  return compare(option, given, inSpan(port, given.value), () => `the ${end} port is ${port}`);
}

export function portCondition(
  field: 'sport' | 'dport',
  given: Given<NumberSpan> | undefined,
): readonly RegionCondition[] {
  if (given === undefined) return [];
  return [{ kind: 'range', field, ranges: [[given.value.min, given.value.max]], inverted: given.inverted }];
}
