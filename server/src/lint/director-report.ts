/** What the lint rules about LVS directors share: their cases, and the words in which they speak of them. */
import { tcpFlags } from '../../../src-sim/net/packet';
import { isDirector } from '../analysis/hints';
import { points, statesOf } from '../analysis/packet-space';
import { createWalker, packetsOfPath, type Walker } from '../analysis/rule-packets';
import type { LintContext, Report } from './define';
import { type DirectorLoss, findDirectorLosses, type Virtual } from './director';
import { beforeIpvs, type DirectorKnowledge, knowDirector, mayBeDirector } from './director-hints';

export interface DirectorCase {
  readonly director: DirectorKnowledge;
  readonly virtual: Virtual;
  readonly loss: DirectorLoss;
}

/** One report for a place and a virtual address; where nobody said that the host is a director, an information. */
export function directorReports(
  context: LintContext,
  isWanted: (walker: Walker, loss: DirectorLoss) => boolean,
  report: (context: LintContext, walker: Walker, of: DirectorCase) => Report | undefined,
): readonly Report[] {
  if (!mayBeDirector(context)) return [];
  const walker = createWalker(beforeIpvs(context.document, context.ruleset));
  const director = knowDirector(context, walker);
  if (director === undefined) return [];
  const reports = new Map<string, Report>();
  for (const virtual of director.virtuals) {
    for (const loss of findDirectorLosses(walker, virtual, context.hints).filter((one) => isWanted(walker, one))) {
      const one = report(context, walker, { director, virtual, loss });
      const key = `${one?.span.start} ${loss.virtual.address}`;
      if (one === undefined || reports.has(key)) continue;
      reports.set(key, director.isCertain ? one : { ...one, severity: 'information' });
    }
  }
  return walker.budget < 0 ? [] : [...reports.values()];
}

/** The rules that let the connection begin would take this segment too, if none before them denied it. */
export function isForInvalidDrop(
  walker: Walker,
  { opening, hook, box, segment, state, denier }: DirectorLoss,
): boolean {
  if (hook !== 'INPUT' || denier.kind !== 'rule' || opening.path.length === 0) return false;
  const denied = { ...box, tcpFlags: points([tcpFlags(segment.flags)]), state: statesOf(state) };
  return packetsOfPath(walker, opening.path, denied).length > 0;
}

export function directorName({ hints }: LintContext, { isCertain }: DirectorKnowledge): string {
  const mode = hints.mode === 'tun' ? 'tunnel' : 'direct-routing';
  return `an LVS director in ${isCertain ? mode : 'direct-routing or tunnel'} mode`;
}

export function denialText({ denier: { kind, table, chain, number, line, verdict } }: DirectorLoss): string {
  const place = kind === 'policy' ? "'s policy DROP" : `:${number}${line === undefined ? '' : ` (line ${line + 1})`}`;
  return `${verdict === 'DROP' ? 'dropped' : 'rejected'} by ${table}:${chain}${place}`;
}

/** Where the role, the mode or the address is only guessed, how to tell it. */
export function guessText(
  { hints }: LintContext,
  { isCertain }: DirectorKnowledge,
  { virtual }: DirectorLoss,
): readonly string[] {
  if (isCertain) return [];
  const mode = hints.mode ?? 'dr';
  if (isDirector(hints))
    return ['Is this a virtual address? Say so:', `# chainwalk: mode=${mode} vip=${virtual.address}`];
  return ['Is this host one? Say so:', `# chainwalk: role=lvs-director mode=${mode} vip=${virtual.address}`];
}
