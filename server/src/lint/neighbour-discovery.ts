/** Neighbour discovery, without which no packet of IPv6 finds its next hop: where a ruleset denies it. */
import { interval } from '../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import { devices, NO_DEVICE, points } from '../analysis/packet-space';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { denialOf, icmpOutcomes, isAllDenied, messageWitness } from './icmp-ways';
import { isAcceptedByRule, type Outcome, outcomesFrom, outcomesOf } from './outcomes';
import { numberOf, sysctlsOf } from './sysctl-beside';

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

/** RFC 4861: who asks for routers, and what they answer: prefixes, and the way out. */
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;

/**
 * Messages between hosts and routers that nobody has named: a host asks for its addresses, a router answers. By default
 * alone: who names them means it.
 */
export function deniedRouterMessages(context: LintContext): readonly DeniedDiscovery[] {
  if (context.ruleset.family !== 'ipv6' || !acceptsAnything(context)) return [];
  const isOne = isRouter(context);
  if (!isOne && takesNoAdvertisements(context)) return [];
  const [inward, outward] = isOne
    ? [ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT]
    : [ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION];
  const found = [denied(context, 'INPUT', [inward]), denied(context, 'OUTPUT', [outward])];
  return found.flatMap((one) => (one && namesNoMessage(one) ? one : []));
}

function namesNoMessage({ outcomes }: DeniedDiscovery): boolean {
  const rules = denialOf(outcomes)?.path ?? [];
  return rules.every(({ rule }) => rule.matches.every(({ options }) => options['icmpv6-type'] === undefined));
}

/** By its role, its settings, or what FORWARD accepts by a rule. */
function isRouter(context: LintContext): boolean {
  if (context.hints.roles.includes('router')) return true;
  if (numberOf(sysctlsOf(context), 'net.ipv6.conf.all.forwarding') === 1) return true;
  return (outcomesOf(context, 'FORWARD', {}, 'NEW') ?? []).some(isAcceptedByRule);
}

/** Whoever has an address of his own choice takes none from routers. */
function takesNoAdvertisements(context: LintContext): boolean {
  const settings = [...sysctlsOf(context)].filter(([name]) => /^net\.ipv6\.conf\..+\.accept_ra$/.test(name));
  return settings.length > 0 && settings.every(([, value]) => value === '0');
}

function denied(
  context: LintContext,
  way: 'INPUT' | 'OUTPUT',
  asked: readonly number[] = [SOLICITATION, ADVERTISEMENT],
): DeniedDiscovery | undefined {
  const types = asked.filter((type) => isAllDenied(fromAnywhere(context, way, type)));
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
