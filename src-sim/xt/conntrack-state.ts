/** The state of a packet against a list of states: what `-m conntrack --ctstate` and `-m state` have in common. */
import { type Attachment, type CtState, ctState } from '../conntrack/entry';
import type { Given } from '../netfilter/ruleset';
import { type Choice, compare, type MatchAnswer } from './define';
import type { Region } from './region';

export type StateWord = CtState | 'SNAT' | 'DNAT';

/** In the order in which iptables-save prints them. */
export const CT_STATES: readonly Choice<CtState>[] = [
  { text: 'INVALID', summary: 'conntrack looked at the packet and found no flow for it' },
  {
    text: 'NEW',
    summary: 'a flow of which only one direction has been seen; not only its first packet, and not only SYN',
  },
  {
    text: 'RELATED',
    summary: 'brought about by a known flow: an ICMP error about it, or a connection that a helper expects',
  },
  { text: 'ESTABLISHED', summary: 'a flow of which this host has seen both directions' },
  { text: 'UNTRACKED', summary: 'conntrack was told to leave the packet alone (`-j CT --notrack`)' },
];

export const NAT_STATES: readonly Choice<'SNAT' | 'DNAT'>[] = [
  { text: 'SNAT', summary: "the flow's source is rewritten" },
  { text: 'DNAT', summary: "the flow's destination is rewritten" },
];

/** What of the list a packet has: its state, and the translations of its flow beside it. */
function statesOf(attachment: Attachment | undefined): readonly StateWord[] {
  const state = ctState(attachment);
  if (attachment?.kind !== 'tracked') return [state];
  const { srcNat, dstNat } = attachment.entry.status;
  return [state, ...(srcNat ? (['SNAT'] as const) : []), ...(dstNat ? (['DNAT'] as const) : [])];
}

/** @kernel net/netfilter/xt_conntrack.c:conntrack_mt */
export function compareState(
  option: string,
  given: Given<readonly StateWord[]>,
  attachment: Attachment | undefined,
): MatchAnswer {
  const states = statesOf(attachment);
  const held = states.some((state) => given.value.includes(state));
  return compare(option, given, held, () => `the packet is ${states.join(' and ')}`);
}

export function stateRegion({ value, inverted }: Given<readonly StateWord[]>): Region {
  const states = value.filter((state) => state !== 'SNAT' && state !== 'DNAT');
  const exact = states.length === value.length;
  // Translated flows may be of any state: with SNAT or DNAT in the list the states alone do not tell.
  return { conditions: exact ? [{ kind: 'state', states, inverted }] : [], exact };
}
