/** What a rule may not do where it stands: which built-in chain calls its chain decides. */
import type { BridgeChainName } from '../netfilter/hook';
import type { BridgePlace } from './define';
import { RefusedBridgeText } from './refused-text';
import { findBridgeTarget } from './registry';
import type { BridgeChain, BridgeRule, BridgeRuleset, BridgeTable } from './ruleset';

/** @throws RefusedBridgeText */
export function checkCalls({ tables }: BridgeRuleset): void {
  for (const table of tables) {
    for (const chain of table.chains) if (chain.isBuiltin) new CallCheck(table, chain).visit(chain, []);
  }
}

class CallCheck {
  readonly #seen = new Set<BridgeChain>();

  constructor(
    readonly table: BridgeTable,
    readonly base: BridgeChain,
  ) {}

  /** @param callers the chains that the walk would come back to */
  visit(chain: BridgeChain, callers: readonly BridgeChain[]): void {
    if (this.#seen.has(chain)) return;
    this.#seen.add(chain);
    const inside = [...callers, chain];
    for (const rule of chain.rules) {
      this.#check(chain, rule);
      const { target } = rule;
      const called = target.kind === 'jump' ? this.table.chains.find(({ name }) => name === target.chain) : undefined;
      if (called === undefined) continue;
      if (called.isBuiltin) this.#refuse(rule, `${called.name} is a built-in chain: no rule jumps to it`);
      if (inside.includes(called)) this.#refuse(rule, `${chain.name} and ${called.name} call each other in a loop`);
      this.visit(called, inside);
    }
  }

  #check(chain: BridgeChain, rule: BridgeRule): void {
    const device = chain.isBuiltin ? this.#deviceProblem(rule) : undefined;
    if (device) this.#refuse(rule, device);
    const { target } = rule;
    const places = target.kind === 'target' ? findBridgeTarget(target.name)?.places : undefined;
    const here: BridgePlace = `${this.table.name}:${this.base.name as BridgeChainName}`;
    if (target.kind === 'target' && places && !places.includes(here))
      this.#refuse(rule, `${target.name} stands in ${places.join(', ')} alone`);
  }

  /** A user's chain may ask for a device that there is not: the answer is no. */
  #deviceProblem({ matches }: BridgeRule): string | undefined {
    const given = matches.find(({ name }) => name === 'builtin')?.options ?? {};
    const { name } = this.base;
    const asksIn = given['in-interface'] ?? given['logical-in'];
    const asksOut = given['out-interface'] ?? given['logical-out'];
    if (asksIn && (name === 'OUTPUT' || name === 'POSTROUTING'))
      return `in ${name} there is no port that a frame came in by`;
    const isBefore = name === 'BROUTING' || name === 'PREROUTING' || name === 'INPUT';
    return asksOut && isBefore ? `in ${name} there is no port that a frame leaves by` : undefined;
  }

  #refuse({ line }: BridgeRule, why: string): never {
    throw new RefusedBridgeText(line, 0, why);
  }
}
