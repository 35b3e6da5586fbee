/** A table as reachability reads it: who calls whom, what each rule asks, and which rules may take a packet away. */

import { intersect, interval, subtract } from '../../../../src-sim/net/interval-set';
import { type Hook, isHook, type TableName } from '../../../../src-sim/netfilter/hook';
import type { Chain, Rule, TargetUse } from '../../../../src-sim/netfilter/ruleset';
import type { Box } from '../packet-set';
import { NO_DEVICE, type Space } from '../packet-space';
import { effectOf, type RuleRef, type Walker } from '../rule-packets';
import { type ChainLookup, chainLookup, FEWEST_RULES } from './chain-lookup';
import { type RuleTest, ruleTest, type Steadiness } from './rule-test';

/**
 * What becomes of packets that a rule matches. `ends`: their way through this table. `leaves`: their way through this
 * chain (RETURN). `calls`: another chain. `passes`: the next rule is theirs, or nobody knows.
 */
export type Step = 'ends' | 'leaves' | 'calls' | 'passes';

export interface MappedRule extends RuleRef {
  readonly step: Step;
}

export interface MappedChain {
  readonly chain: Chain;
  /** Where the kernel comes from outside. */
  readonly hook: Hook | undefined;
  readonly rules: readonly MappedRule[];
  /** Jumps and gotos that lead here. */
  readonly callers: readonly MappedRule[];
}

export interface TableMap {
  readonly space: Space;
  readonly chains: ReadonlyMap<string, MappedChain>;
  testOf(rule: Rule): RuleTest;
  /** Rules of the chain that may take the packet from it; by index, ascending. */
  takers(chain: MappedChain): ChainLookup;
  /** By index: the rules by which packets go back to the caller. */
  escapes(chain: MappedChain): readonly number[];
}

export function mapTable({ ruleset, space }: Walker, table: TableName): TableMap {
  const chains = ruleset.tables.find(({ name }) => name === table)?.chains ?? [];
  const steadiness = steadinessOf(table, chains);
  const tests = new Map<Rule, RuleTest>();
  const testOf = (rule: Rule) => remember(tests, rule, () => ruleTest(space, rule, steadiness));
  const lookups = new Map<MappedChain, ChainLookup>();
  const escapes = new Map<MappedChain, readonly number[]>();
  return {
    space,
    chains: mapChains(table, chains),
    testOf,
    takers: (chain) =>
      remember(lookups, chain, () => {
        const taking = chain.rules.filter(({ step }) => step !== 'passes');
        if (taking.length < FEWEST_RULES) return allOf(taking.map(({ number }) => number - 1));
        return chainLookup(new Map(taking.map(({ number, rule }) => [number - 1, testOf(rule)])));
      }),
    escapes: (chain) =>
      remember(escapes, chain, () =>
        chain.rules
          .filter(({ rule, step }) => step === 'leaves' || rule.target.kind === 'goto')
          .map(({ number }) => number - 1),
      ),
  };
}

/** Most chains of programs have a few rules: nothing is made for them but the list. */
function allOf(indices: readonly number[]): ChainLookup {
  return { candidates: () => indices };
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

function mapChains(table: TableName, chains: readonly Chain[]): ReadonlyMap<string, MappedChain> {
  const callers = new Map<string, MappedRule[]>(chains.map(({ name }) => [name, []]));
  const mapped = new Map<string, MappedChain>();
  for (const chain of chains) {
    const rules = chain.rules.map((rule, index) => {
      const one = { table, chain: chain.name, number: index + 1, rule, step: stepOf(rule.target, callers) };
      if (rule.target.kind === 'jump' || rule.target.kind === 'goto') callers.get(rule.target.chain)?.push(one);
      return one;
    });
    const hook = chain.policy !== undefined && isHook(chain.name) ? chain.name : undefined;
    mapped.set(chain.name, { chain, hook, rules, callers: callers.get(chain.name) ?? [] });
  }
  return mapped;
}

function stepOf(target: TargetUse, chains: ReadonlyMap<string, unknown>): Step {
  if (target.kind === 'none') return 'passes';
  if (target.kind !== 'target') return chains.has(target.chain) ? 'calls' : 'passes';
  const kind = effectOf(target)?.kind;
  if (kind === 'accept' || kind === 'drop' || kind === 'reject' || kind === 'end') return 'ends';
  return kind === 'return' ? 'leaves' : 'passes';
}

/** Targets that leave the packet, its mark and its state as they are, and the sets that it is looked up in. */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'return', 'end']);

function steadinessOf(table: TableName, chains: readonly Chain[]): Steadiness {
  const kinds = new Set<string | undefined>();
  let isHarmless = true;
  for (const { rules } of chains) {
    for (const { target } of rules) {
      if (target.kind !== 'target') continue;
      const kind = effectOf(target)?.kind;
      kinds.add(kind);
      if (!HARMLESS.has(kind ?? '') && !LOOKING.has(target.name)) isHarmless = false;
    }
  }
  const changesMark = kinds.has('mark') || kinds.has('mark-unknown') || kinds.has(undefined);
  return { mark: !changesMark, state: table !== 'raw', questions: isHarmless };
}

/** Targets that look at the packet alone. */
const LOOKING: ReadonlySet<string> = new Set(['LOG', 'NFLOG', 'TRACE', 'AUDIT', 'TEE']);

/** What every packet at a hook has: interfaces on the sides where packets have any. */
export function packetsAt(space: Space, hook: Hook): Box {
  const devices = subtract(interval(0, space.interfaces.length), NO_DEVICE);
  switch (hook) {
    case 'PREROUTING':
    case 'INPUT':
      return { in: devices, out: NO_DEVICE };
    case 'FORWARD':
      return { in: devices, out: devices };
    case 'OUTPUT':
      return { in: NO_DEVICE, out: devices };
    default:
      return { out: intersect(devices, space.domains.out) };
  }
}
