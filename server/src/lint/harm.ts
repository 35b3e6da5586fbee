/** Whether a witness's victim suffers what the finding says, as the simulator sees it. */
import type { CtState } from '../../../src-sim/conntrack/entry';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { PacketResult } from '../../../src-sim/sim/trace';
import type { Harm, Witness, WitnessRule } from './finding';
import { type Confirmation, fateOf } from './witness';

/** Whether it does, and conntrack, where it runs at all, takes the victim for what the finding says. */
export function suffersAs(ruleset: Ruleset, witness: Witness, state: CtState): boolean {
  const confirmation = fateOf(ruleset, witness);
  if (confirmation === undefined || (stateIn(confirmation.result) ?? state) !== state) return false;
  return HARM_IN[witness.harm](confirmation, witness);
}

/** False, too, where the simulator is not sure of the victim's fate: what is not confirmed is not claimed. */
export function suffers(ruleset: Ruleset, witness: Witness): boolean {
  const confirmation = fateOf(ruleset, witness);
  return confirmation !== undefined && HARM_IN[witness.harm](confirmation, witness);
}

const HARM_IN: Readonly<Record<Harm, (confirmation: Confirmation, witness: Witness) => boolean>> = {
  denied: ({ isAccepted }) => !isAccepted,
  accepted: ({ isAccepted }) => isAccepted,
  misjudged: ({ result }) => ['NEW', 'INVALID'].includes(stateIn(result) ?? ''),
  missed: ({ result }, { rule }) => rule !== undefined && !isTakenBy(result, rule),
  taken: ({ result }, { rule }) => rule !== undefined && isTakenBy(result, rule),
  rewritten: ({ result }) => isTranslated(result),
  untranslated: ({ result, isAccepted }) => isAccepted && !isTranslated(result),
  'answered-directly': ({ result }, witness) => isAnsweredDirectly(result, witness),
  unanswered: ({ result }) => result.made.some(({ fate: { kind } }) => kind === 'dropped' || kind === 'rejected'),
};

/** As conntrack judged the packet; undefined where it never did. */
export function stateIn({ steps }: PacketResult) {
  return steps.find((step) => step.kind === 'conntrack')?.state;
}

/** It goes on to another host with its own source, by the interface that it came from: that host sits beside the sender. */
function isAnsweredDirectly({ out }: PacketResult, { packets, victim }: Witness): boolean {
  const packet = packets[victim];
  return out.some(({ src, dst, dev }) => src === packet?.src && dst !== packet.dst && dev === packet.in);
}

function isTakenBy({ steps }: PacketResult, { table, chain, number }: WitnessRule): boolean {
  return steps.some(
    (step) =>
      step.kind === 'rule' && step.matched && step.table === table && step.chain === chain && step.number === number,
  );
}

function isTranslated({ steps }: PacketResult): boolean {
  return steps.some((step) => step.kind === 'nat' && step.change === 'applied');
}
