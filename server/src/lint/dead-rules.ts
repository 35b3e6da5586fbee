/**
 * Rules that no packet meets, and what is to be said of each: one finding a rule, though several rules of the linter
 * could speak. Where the jumps to a chain are dead themselves, they are what is told, not the rules behind them.
 */

import type { Chain, Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import type { Reach, Sample } from '../analysis/reach/reachability';
import { effectOf, type RuleRef, regionsOf } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { duplicateOf } from './duplicate-rules';

export type DeadRule =
  | { readonly kind: 'contradiction'; readonly paths: readonly (readonly RuleRef[])[] }
  | { readonly kind: 'behind-all'; readonly last: RuleRef; readonly sample: Sample }
  | { readonly kind: 'duplicate'; readonly of: RuleRef }
  | { readonly kind: 'shadowed'; readonly by: readonly RuleRef[]; readonly sample: Sample };

export function deadRule(context: LintContext, ref: RuleRef): DeadRule | undefined {
  const reach = context.reachOf(ref);
  if (!isDead(reach) || areCallersDead(context, ref)) return undefined;
  if (reach.kind === 'contradiction') return reach;
  if (reach.kind !== 'taken') return undefined;
  const last = terminalBefore(context.ruleset, ref);
  if (last) return { kind: 'behind-all', last, sample: reach.sample };
  const of = duplicateOf(context.ruleset, ref);
  return of ? { kind: 'duplicate', of } : reach.kind === 'taken' ? { ...reach, kind: 'shadowed' } : undefined;
}

function isDead({ kind }: Reach): boolean {
  return kind === 'taken' || kind === 'contradiction';
}

/** Callers of more than this are not all asked: one that lives is mostly found at once. */
const MOST_CALLERS = 50;

function areCallersDead(context: LintContext, ref: RuleRef): boolean {
  const callers = callersOf(context.ruleset, ref.table).get(ref.chain) ?? [];
  if (callers.length === 0) return false;
  return callers.slice(0, MOST_CALLERS).every((caller) => {
    const reach = context.reachOf(caller);
    return isDead(reach) || reach.kind === 'unreferenced';
  });
}

type Callers = ReadonlyMap<string, readonly RuleRef[]>;

const callersIn = new WeakMap<Ruleset, Map<string, Callers>>();

/** By chain, the jumps and gotos of the table that lead there. */
export function callersOf(ruleset: Ruleset, table: RuleRef['table']): Callers {
  const tables = callersIn.get(ruleset) ?? new Map<string, Callers>();
  callersIn.set(ruleset, tables);
  const known = tables.get(table);
  if (known) return known;
  const callers = new Map<string, RuleRef[]>();
  for (const { name, rules } of ruleset.tables.find((one) => one.name === table)?.chains ?? []) {
    for (const [index, rule] of rules.entries()) {
      if (rule.target.kind !== 'jump' && rule.target.kind !== 'goto') continue;
      const list = callers.get(rule.target.chain) ?? [];
      list.push({ table, chain: name, number: index + 1, rule });
      callers.set(rule.target.chain, list);
    }
  }
  tables.set(table, callers);
  return callers;
}

const terminalIn = new WeakMap<Chain, number>();

export function rulesOf(ruleset: Ruleset, { table, chain }: Pick<RuleRef, 'table' | 'chain'>): readonly Rule[] {
  return findChain(ruleset, table, chain)?.rules ?? [];
}

/** The chain's first rule that takes every packet that comes to it, where that stands before the rule. */
function terminalBefore(ruleset: Ruleset, { table, chain: name, number }: RuleRef): RuleRef | undefined {
  const chain = findChain(ruleset, table, name);
  if (chain === undefined) return undefined;
  const index = terminalIn.get(chain) ?? chain.rules.findIndex((rule) => endsAll(ruleset, table, rule, 0));
  terminalIn.set(chain, index);
  const rule = chain.rules[index];
  return rule && index < number - 1 ? { table, chain: name, number: index + 1, rule } : undefined;
}

const DEEPEST_JUMP = 10;

/** A rule without conditions behind which nobody comes: a jump, too, from whose chain nobody comes back. */
function endsAll(ruleset: Ruleset, table: RuleRef['table'], rule: Rule, depth: number): boolean {
  if (rule.target.kind !== 'jump') return takesAll(rule);
  if (depth > DEEPEST_JUMP || !rule.matches.every((match) => takesEverything(regionsOf(match)))) return false;
  for (const one of rulesOf(ruleset, { table, chain: rule.target.chain })) {
    if (one.target.kind === 'goto' || effectOf(one.target)?.kind === 'return') return false;
    if (endsAll(ruleset, table, one, depth + 1)) return true;
  }
  return false;
}

/** A verdict, RETURN or goto without any condition. */
export function takesAll({ target, matches }: RuleRef['rule']): boolean {
  const effect = effectOf(target)?.kind;
  const isTerminal = target.kind === 'goto' || ['accept', 'drop', 'reject', 'return', 'end'].includes(effect ?? '');
  return isTerminal && matches.every((match) => takesEverything(regionsOf(match)));
}

function takesEverything(regions: ReturnType<typeof regionsOf>): boolean {
  const [only] = regions ?? [];
  return regions?.length === 1 && only !== undefined && only.exact && only.conditions.length === 0;
}

/** Chains that programs write, by the beginnings of their names: whoever wrote them does not read this. */
const MACHINE_CHAINS =
  /^(?:neutron-|nova-|DOCKER|KUBE-|cali-|CILIUM_|OLD_CILIUM_|FLANNEL-|WEAVE-|CNI-|CNI_|NETAVARK|ANTREA-|IN_|FWD[IO]_|FORWARD_|INPUT_|PRE_|POST_|ufw6?-|f2b-|fail2ban-|LIBVIRT_|libvirt-|nixos-|crowdsec|CROWDSEC|ts-|shorewall|zone_|input_|output_|forwarding_|reject$|syn_flood)/;

export function isMachineWritten({ chain }: Pick<RuleRef, 'chain'>): boolean {
  return MACHINE_CHAINS.test(chain);
}
