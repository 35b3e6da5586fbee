/**
 * Which chains of a table lead to which, and at which hooks the kernel comes to a chain. As the kernel looks when it
 * checks a table: behind a rule that ends every packet's way it does not look any further.
 *
 * @kernel net/ipv4/netfilter/ip_tables.c:mark_source_chains
 */
import { type Hook, isHook } from '../../../src-sim/netfilter/hook';
import type { Chain, GivenOptions, Rule, Table } from '../../../src-sim/netfilter/ruleset';
import { BUILTIN } from '../../../src-sim/xt/registry';

export interface Jump {
  readonly from: string;
  readonly to: string;
  readonly rule: Rule;
}

export interface CallGraph {
  /** Hooks from which the kernel comes to a chain; empty where no rule leads there. */
  hooksOf(chain: string): ReadonlySet<Hook>;
  /** Jumps back to a chain that the way already leads through: the kernel refuses them. */
  readonly loops: readonly Jump[];
}

export function callGraph(table: Table): CallGraph {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const out = new Map(table.chains.map((chain) => [chain.name, jumpsOf(chain, chains)]));
  const { hooks, loops } = follow(table, out);
  return {
    hooksOf: (chain) => hooks.get(chain) ?? NOWHERE,
    loops,
  };
}

/** The rules of a chain that packets can come to. */
export function reachableRules(chain: Chain): readonly Rule[] {
  const last = chain.rules.findIndex(endsEveryWay);
  return last === -1 ? chain.rules : chain.rules.slice(0, last + 1);
}

const NOWHERE: ReadonlySet<Hook> = new Set();

const VERDICTS: ReadonlySet<string> = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE']);

/** A verdict without any condition. */
function endsEveryWay({ target, matches }: Rule): boolean {
  if (target.kind !== 'target' || !VERDICTS.has(target.name)) return false;
  if (matches.length > 1) return false;
  return matches.every(({ name, options }) => name === BUILTIN.name && saysNothing(options));
}

/** `-s 0/0 -p all`: conditions that every packet fulfils. */
function saysNothing(options: GivenOptions): boolean {
  return Object.entries(options).every(([name, { value, inverted }]) =>
    BUILTIN.options[name]?.type.omitted?.(value, inverted),
  );
}

function jumpsOf(chain: Chain, chains: ReadonlyMap<string, Chain>): readonly Jump[] {
  return reachableRules(chain).flatMap((rule) => {
    const { target } = rule;
    const leads = (target.kind === 'jump' || target.kind === 'goto') && chains.has(target.chain);
    return leads ? [{ from: chain.name, to: target.chain, rule }] : [];
  });
}

interface Followed {
  readonly hooks: ReadonlyMap<string, ReadonlySet<Hook>>;
  readonly loops: readonly Jump[];
}

function follow(table: Table, out: ReadonlyMap<string, readonly Jump[]>): Followed {
  const hooks = new Map<string, Set<Hook>>();
  const loops = new Set<Jump>();
  for (const { name } of table.chains) {
    if (isHook(name) && table.chains.some((chain) => chain.name === name && chain.policy !== undefined)) {
      for (const chain of walk(name, out, loops)) {
        hooks.set(chain, (hooks.get(chain) ?? new Set()).add(name));
      }
    }
  }
  return { hooks, loops: [...loops] };
}

interface Visit {
  readonly chain: string;
  next: number;
}

/** The chains that `start` leads to, itself among them. Depth first with a stack of its own: chains may be thousands. */
function walk(start: string, out: ReadonlyMap<string, readonly Jump[]>, loops: Set<Jump>): ReadonlySet<string> {
  const seen = new Set([start]);
  const open = new Set([start]);
  const stack: Visit[] = [{ chain: start, next: 0 }];
  for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
    const jump = out.get(visit.chain)?.[visit.next];
    visit.next++;
    if (jump === undefined) {
      open.delete(visit.chain);
      stack.pop();
    } else if (open.has(jump.to)) {
      loops.add(jump);
    } else if (!seen.has(jump.to)) {
      seen.add(jump.to);
      open.add(jump.to);
      stack.push({ chain: jump.to, next: 0 });
    }
  }
  return seen;
}
