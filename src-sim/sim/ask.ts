/** Asking what a rule names: its matches, its target. What has no declaration cannot be decided here. */
import type { Packet } from '../net/packet';
import type { MatchUse, TargetUse } from '../netfilter/ruleset';
import type { MatchAnswer, TargetAnswer } from '../xt/define';
import { findMatch, findTarget } from '../xt/registry';
import type { TargetWorld, World } from '../xt/world';
import type { Assumptions } from './scenario';
import type { Undecided } from './undecided';

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

/** What cannot be decided is told, and goes on as the user chose. */
export interface Assuming {
  readonly assume: Assumptions;
  readonly unsure: Undecided[];
}

/** @param place of the rule: a choice for it counts more than one for all rules. @returns whether the match holds */
export function assumeMatch({ assume, unsure }: Assuming, { name }: MatchUse, reason: string, place: string): boolean {
  const chosen = assume[place] ?? assume[name];
  const holds = chosen === true;
  const taken = holds ? 'matching' : 'not matching';
  unsure.push({ what: `-m ${name}`, reason, taken, choice: { of: 'match', place, chosen } });
  return holds;
}

export function assumeTarget({ assume, unsure }: Assuming, name: string, reason: string, place: string): TargetAnswer {
  const chosen = assume[place] ?? assume[name];
  const verdict = chosen === 'accept' ? 'ACCEPT' : chosen === 'drop' ? 'DROP' : undefined;
  const taken = verdict ?? 'going on';
  unsure.push({ what: `-j ${name}`, reason, taken, choice: { of: 'target', place, chosen } });
  return verdict === undefined ? { kind: 'continue' } : { kind: 'verdict', verdict };
}
