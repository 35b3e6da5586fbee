/** Rules that would let neighbour discovery in, but for the state that they ask for. */
import { PROTOCOL } from '../../../src-sim/net/protocol';
import { hooksOfChain } from '../analysis/call-graph';
import type { OptionPart } from '../syntax/tree';
import type { LintContext } from './define';
import type { DeniedDiscovery } from './neighbour-discovery';
import { protocolOf, type RuleLine, ruleLines, targetName } from './rule-lines';

export interface StateRule {
  readonly rule: RuleLine;
  readonly part: OptionPart;
}

/** `-p ipv6-icmp --ctstate NEW -j ACCEPT`, and `--ctstate UNTRACKED -j DROP`. */
export function stateRulesOfIcmp({ document }: LintContext, { way }: DeniedDiscovery): readonly StateRule[] {
  const lines = ruleLines(document);
  const rules = [...lines.matching('conntrack'), ...lines.matching('state')];
  return rules
    .filter(({ table, chain }) => table === 'filter' && hooksOfChain(document.tree, table, chain).includes(way))
    .flatMap((rule) => (acceptsByState(rule) || dropsUntracked(rule) ? statePart(rule) : []));
}

function acceptsByState(rule: RuleLine): boolean {
  return protocolOf(rule) === PROTOCOL.icmpv6 && targetName(rule) === 'ACCEPT';
}

function dropsUntracked(rule: RuleLine): boolean {
  const [found] = statePart(rule);
  const { value } = found?.part ?? {};
  return targetName(rule) === 'DROP' && Array.isArray(value) && value.includes('UNTRACKED');
}

function statePart(rule: RuleLine): readonly StateRule[] {
  const parts = rule.uses.matches.flatMap((use) => use.parts);
  return parts.filter(({ option }) => option === 'ctstate' || option === 'state').map((part) => ({ rule, part }));
}
