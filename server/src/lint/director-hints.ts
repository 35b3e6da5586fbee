/** Whether the host is an LVS director, and for which addresses: told by hints, or only to be guessed from the rules. */
import { addressFromValue } from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { Document } from '../analysis/document';
import { isDirector } from '../analysis/hints';
import { effectOf, packetsOfPath, type RuleRef, type Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { type Virtual, virtualServices } from './director';

export interface DirectorKnowledge {
  /** False: the rules look as if; nobody said so. */
  readonly isCertain: boolean;
  readonly virtuals: readonly Virtual[];
}

/** Whether anything at all points to a director: cheap, and no for nearly every ruleset. */
export function mayBeDirector({ hints, ruleset }: LintContext): boolean {
  const isMarking = ({ rule }: RuleRef) => effectOf(rule.target)?.kind === 'mark';
  return isDirector(hints) || refsOf(ruleset).some(asksIpvs) || refsOf(ruleset, 'mangle', 'PREROUTING').some(isMarking);
}

/** @returns undefined where nothing points to a director, or answers come back through it (LVS-NAT). */
export function knowDirector({ hints, document, ruleset }: LintContext, walker: Walker): DirectorKnowledge | undefined {
  if (hints.mode === 'nat') return undefined;
  if (isDirector(hints)) {
    const told = virtualServices(hints);
    if (told.length === 0) return { isCertain: false, virtuals: addressesOfServices(walker) };
    return { isCertain: hints.mode !== undefined, virtuals: told };
  }
  const marked = markedServices(walker);
  if (marked.length > 0) return { isCertain: false, virtuals: marked };
  const lines = refsOf(ruleset)
    .filter(asksIpvs)
    .map(({ rule }) => document.tree.lines[rule.line]?.text ?? '');
  // The method MASQ is LVS-NAT.
  if (lines.every((line) => line.includes('MASQ'))) return undefined;
  return { isCertain: false, virtuals: addressesOfServices(walker) };
}

/**
 * The ruleset as packets meet it that IPVS has not seen yet: `-m ipvs` takes none of them, whatever else it asks for,
 * except as `! --ipvs`. @kernel net/netfilter/xt_ipvs.c:ipvs_mt
 */
export function beforeIpvs(document: Document, ruleset: Ruleset): Ruleset {
  const isDead = (ref: RuleRef) =>
    asksIpvs(ref) && !/!\s+--ipvs\b/.test(document.tree.lines[ref.rule.line]?.text ?? '');
  if (!refsOf(ruleset, 'filter').some(isDead)) return ruleset;
  const dead = new Set(
    refsOf(ruleset, 'filter')
      .filter(isDead)
      .map(({ rule }) => rule),
  );
  const inert = (rule: Rule): Rule => (dead.has(rule) ? { ...rule, matches: [], target: { kind: 'none' } } : rule);
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(inert) })),
  }));
  return { ...ruleset, tables };
}

function asksIpvs({ rule }: RuleRef): boolean {
  return rule.matches.some(({ name }) => name === 'ipvs');
}

/** `-t mangle -A PREROUTING -d VIP -p tcp --dport 80 -j MARK --set-mark 1`: how a firewall-mark service is fed. */
function markedServices(walker: Walker): readonly Virtual[] {
  return refsOf(walker.ruleset, 'mangle', 'PREROUTING')
    .filter(({ rule }) => effectOf(rule.target)?.kind === 'mark')
    .flatMap((ref) => virtualsOf(walker, ref));
}

/** Addresses and ports for which filter INPUT has rules of their own. */
function addressesOfServices(walker: Walker): readonly Virtual[] {
  const all = refsOf(walker.ruleset, 'filter', 'INPUT').flatMap((ref) => virtualsOf(walker, ref));
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

function refsOf(ruleset: Ruleset, table?: TableName, chain?: string): readonly RuleRef[] {
  const tables = ruleset.tables.filter(({ name }) => table === undefined || name === table);
  return tables.flatMap(({ name: table, chains }) =>
    chains
      .filter(({ name }) => chain === undefined || name === chain)
      .flatMap(({ name, rules }) => rules.map((rule, index) => ({ table, chain: name, number: index + 1, rule }))),
  );
}
