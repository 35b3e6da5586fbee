/** Neighbour discovery, without which no packet of IPv6 finds its next hop: where a ruleset denies it. */
import { interval } from '../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import { devices, NO_DEVICE, points } from '../analysis/packet-space';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { icmpOutcomes, isAllDenied, messageWitness } from './icmp-ways';
import { type Outcome, outcomesFrom, outcomesOf } from './outcomes';

/** RFC 4861: who has this address, and who answers. */
const SOLICITATION = 135;
const ADVERTISEMENT = 136;

export interface DeniedDiscovery {
  readonly way: 'INPUT' | 'OUTPUT';
  readonly types: readonly number[];
  readonly outcomes: readonly Outcome[];
  readonly witness: Witness;
}

const known = new WeakMap<LintContext, readonly DeniedDiscovery[]>();

/** Empty, too, where IPv6 is off: no packet from outside is accepted at all. */
export function deniedDiscovery(context: LintContext): readonly DeniedDiscovery[] {
  const earlier = known.get(context);
  if (earlier) return earlier;
  const isAsked = context.ruleset.family === 'ipv6' && acceptsAnything(context);
  const found = isAsked ? (['INPUT', 'OUTPUT'] as const).flatMap((way) => denied(context, way) ?? []) : [];
  known.set(context, found);
  return found;
}

function denied(context: LintContext, way: 'INPUT' | 'OUTPUT'): DeniedDiscovery | undefined {
  const types = [SOLICITATION, ADVERTISEMENT].filter((type) => isAllDenied(fromAnywhere(context, way, type)));
  const [first] = types;
  const outcomes = first === undefined ? [] : (icmpOutcomes(context, way, 'UNTRACKED', { type: first }) ?? []);
  const witness = messageWitness(context, way, outcomes);
  return witness && { way, types, outcomes, witness };
}

/** Of every address: who lets in only what comes from this link, lets in enough. */
function fromAnywhere(context: LintContext, way: 'INPUT' | 'OUTPUT', type: number): readonly Outcome[] | undefined {
  const walker = context.walker();
  const device = devices(walker.space);
  const sides = way === 'INPUT' ? { in: device, out: NO_DEVICE } : { in: NO_DEVICE, out: device };
  const box = { ...sides, protocol: points([PROTOCOL.icmpv6]), icmp: interval(type << 8, (type + 1) << 8) };
  return outcomesFrom(walker, way, box, 'UNTRACKED');
}

function acceptsAnything(context: LintContext): boolean {
  return (['ESTABLISHED', 'NEW'] as const).some((state) => !isAllDenied(outcomesOf(context, 'INPUT', {}, state)));
}
