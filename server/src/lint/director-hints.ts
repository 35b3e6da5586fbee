/** Whether the host is an LVS director, and for which addresses: told by hints, or only to be guessed from the rules. */
import { addressFromValue } from '../../../src-sim/net/address';
import { isDirector } from '../analysis/hints';
import { effectOf, packetsOfPath, type RuleRef, type Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { type Virtual, virtualServices } from './director';

export interface DirectorKnowledge {
  /** False: the rules look as if; nobody said so. */
  readonly isCertain: boolean;
  readonly virtuals: readonly Virtual[];
}

/** @returns undefined where nothing points to a director, or answers come back through it (LVS-NAT). */
export function knowDirector({ hints, document }: LintContext, walker: Walker): DirectorKnowledge | undefined {
  if (hints.mode === 'nat') return undefined;
  if (isDirector(hints)) {
    const told = virtualServices(hints);
    if (told.length === 0) return { isCertain: false, virtuals: addressesOfServices(walker) };
    return { isCertain: hints.mode !== undefined, virtuals: told };
  }
  const marked = markedServices(walker);
  if (marked.length > 0) return { isCertain: false, virtuals: marked };
  const asksIpvs = refsOf(walker).filter(({ rule }) => rule.matches.some(({ name }) => name === 'ipvs'));
  const lines = asksIpvs.map(({ rule }) => document.tree.lines[rule.line]?.text ?? '');
  // The match `ipvs` speaks of packets that IPVS handles; MASQ is LVS-NAT.
  if (lines.every((line) => line.includes('MASQ'))) return undefined;
  return { isCertain: false, virtuals: addressesOfServices(walker) };
}

/** `-t mangle -A PREROUTING -d VIP -p tcp --dport 80 -j MARK --set-mark 1`: how a firewall-mark service is fed. */
function markedServices(walker: Walker): readonly Virtual[] {
  return refsOf(walker)
    .filter(({ table, chain }) => table === 'mangle' && chain === 'PREROUTING')
    .filter(({ rule }) => effectOf(rule.target)?.kind === 'mark')
    .flatMap((ref) => virtualsOf(walker, ref));
}

/** Addresses and ports for which filter INPUT has rules of their own. */
function addressesOfServices(walker: Walker): readonly Virtual[] {
  const refs = refsOf(walker).filter(({ table, chain }) => table === 'filter' && chain === 'INPUT');
  const all = refs.flatMap((ref) => virtualsOf(walker, ref));
  return [...new Map(all.map((virtual) => [`${virtual.address} ${virtual.port}`, virtual])).values()];
}

/** One address and a port of it, asked for by a rule that asks nothing of where packets come from. */
function virtualsOf(walker: Walker, ref: RuleRef): readonly Virtual[] {
  return packetsOfPath(walker, [ref], {}).flatMap(({ box }) => {
    const [address] = box.dst ?? [];
    const [ports] = box.dport ?? [];
    if (address === undefined || ports === undefined || box.src !== undefined || box.in !== undefined) return [];
    if (box.dst?.length !== 1 || BigInt(address.end) - BigInt(address.start) !== 1n) return [];
    const isOnePort = box.dport?.length === 1 && Number(ports.end) - Number(ports.start) === 1;
    const text = addressFromValue(BigInt(address.start), walker.space.family);
    return [isOnePort ? { address: text, port: Number(ports.start) } : { address: text }];
  });
}

function refsOf({ ruleset }: Walker): readonly RuleRef[] {
  return ruleset.tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, rules }) => rules.map((rule, index) => ({ table, chain, number: index + 1, rule }))),
  );
}
