/**
 * One table's walk for one frame: rules in order, jumps, returns, policies and counters.
 *
 * @kernel net/bridge/netfilter/ebtables.c:ebt_do_table
 */
import type { Packet } from '../net/packet';
import type { Mismatch } from '../xt/define';
import { findBridgeMatch, findBridgeTarget, findBridgeWatcher } from './registry';
import type { BridgeChain, BridgeRule, BridgeTable, BridgeVerdict } from './ruleset';
import type { BridgeWorld } from './world';

/** Where in the ruleset; `number` is from 1, one past the last rule for a chain's policy. */
export interface WalkPlace {
  readonly chain: BridgeChain;
  readonly number: number;
}

export interface BridgeAnswer extends WalkPlace {
  readonly verdict: 'ACCEPT' | 'DROP';
  /** The rule that decided; undefined: a policy did. */
  readonly rule: BridgeRule | undefined;
}

/** Who watches the walk. */
export interface WalkObserver {
  /** A rule is about to be tested. */
  testing(rule: BridgeRule): void;
  missed(place: WalkPlace, rule: BridgeRule, why: Mismatch): void;
  /** It matched, and is counted before anything else happens. */
  matched(rule: BridgeRule): void;
  /** @param verdict as the step tells it: ACCEPT, `jump CHAIN`, `mark CONTINUE` */
  done(place: WalkPlace, rule: BridgeRule, verdict: string): void;
  policy(place: WalkPlace): void;
}

/** Where the walk goes on. */
interface Position {
  readonly chain: BridgeChain;
  readonly index: number;
}

export function walkBridgeTable(
  table: BridgeTable,
  base: BridgeChain,
  packet: Packet,
  world: BridgeWorld,
  observer: WalkObserver,
): BridgeAnswer {
  const stack: Position[] = [];
  let at: Position = { chain: base, index: 0 };
  for (;;) {
    const place = { chain: at.chain, number: at.index + 1 };
    const rule = at.chain.rules[at.index];
    const end = rule === undefined ? endOf(place, observer) : testRule(place, rule, { table, packet, world, observer });
    if (typeof end !== 'string') {
      stack.push({ chain: at.chain, index: at.index + 1 });
      at = { chain: end, index: 0 };
    } else if (end === 'ACCEPT' || end === 'DROP') {
      return { ...place, verdict: end, rule };
    } else if (end === 'RETURN') {
      // ebtables-legacy lets no rule of a built-in chain return; that of ebtables-nft falls to the policy.
      at = stack.pop() ?? { chain: base, index: base.rules.length };
    } else at = { chain: at.chain, index: at.index + 1 };
  }
}

function endOf(place: WalkPlace, observer: WalkObserver): BridgeVerdict {
  observer.policy(place);
  return place.chain.policy;
}

interface Test {
  readonly table: BridgeTable;
  readonly packet: Packet;
  readonly world: BridgeWorld;
  readonly observer: WalkObserver;
}

/** @returns how the rule ends, or the chain that it jumps to */
function testRule(place: WalkPlace, rule: BridgeRule, test: Test): BridgeVerdict | BridgeChain {
  const { table, packet, world, observer } = test;
  observer.testing(rule);
  const why = firstMiss(rule, packet, world);
  if (why) {
    observer.missed(place, rule, why);
    return 'CONTINUE';
  }
  observer.matched(rule);
  for (const { name, options } of rule.watchers) findBridgeWatcher(name)?.watch(packet, options, world);
  const { target } = rule;
  if (target.kind === 'jump') {
    const chain = table.chains.find(({ name }) => name === target.chain);
    observer.done(place, rule, `jump ${target.chain}`);
    return chain ?? 'CONTINUE';
  }
  if (target.kind === 'verdict') {
    observer.done(place, rule, target.verdict);
    return target.verdict;
  }
  const verdict = findBridgeTarget(target.name)?.apply(packet, target.options, world) ?? 'CONTINUE';
  observer.done(place, rule, `${target.name} ${verdict}`);
  return verdict;
}

function firstMiss({ matches }: BridgeRule, packet: Packet, world: BridgeWorld): Mismatch | undefined {
  for (const { name, options } of matches) {
    const answer = findBridgeMatch(name)?.matches(packet, options, world) ?? true;
    if (answer !== true) return answer;
  }
  return undefined;
}
