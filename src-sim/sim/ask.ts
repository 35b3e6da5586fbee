/** Asking what a rule names: its matches, its target. What has no declaration cannot be decided here. */
import type { Packet } from '../net/packet';
import type { MatchUse, TargetUse } from '../netfilter/ruleset';
import type { MatchAnswer, TargetAnswer } from '../xt/define';
import { findMatch, findTarget } from '../xt/registry';
import type { TargetWorld, World } from '../xt/world';

export function askMatch(use: MatchUse, packet: Packet, world: World): MatchAnswer {
  const match = findMatch(use.name);
  if (match === undefined || use.unknown !== undefined) {
    return { kind: 'unsure', reason: use.unknown ?? 'the simulator does not know this match' };
  }
  return match.matches(packet, use.options, world);
}

export function applyTarget(
  target: TargetUse & { readonly kind: 'target' },
  packet: Packet,
  world: TargetWorld,
): TargetAnswer {
  const declared = findTarget(target.name);
  if (declared === undefined || target.unknown !== undefined) {
    return { kind: 'unsure', reason: target.unknown ?? 'the simulator does not know this target' };
  }
  return declared.apply(packet, target.options, world);
}

/** What is taken instead, for the user to know. */
export function unsureOfMatch(use: MatchUse, reason: string): string {
  return `-m ${use.name}: ${reason}; taken as not matching`;
}

export function unsureOfTarget(target: string, reason: string): string {
  return `-j ${target}: ${reason}; taken as going on`;
}
