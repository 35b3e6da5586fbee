/** `-A -I -D -R -C`: what they do to a chain, and whether the rule may stand in the table. */
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import { extensionNames, isExtensionName } from '../syntax/extension-names';
import { isOpaque } from '../syntax/opaque';
import { problem } from '../syntax/problem';
import { closest, withSuggestion } from '../syntax/suggest';
import type { CommandLine, RulePart, TargetPart, Word } from '../syntax/tree';
import { KnownLine } from './known-line';
import { lowerRule, sameRule } from './lower-rule';
import { chainNameOf, factsOf, targetNameOf } from './rule-facts';
import { usesOf } from './rule-uses';
import {
  type ChainState,
  chainNamed,
  mayBeElsewhere,
  missingChain,
  newChain,
  type RuleState,
  refuse,
  refuseBy,
  suggestingName,
  type TableState,
} from './table-state';

export function changeRules(table: TableState, line: CommandLine, number: number): void {
  const name = chainNameOf(line);
  if (name === undefined || (!(line instanceof KnownLine) && isOpaque(line.chain))) return;
  const chain = chainNamed(table, name) ?? missingChainState(table, line, name, number);
  // A broken rule that is being written is better there than not; a broken deletion is better not done.
  const isBroken = line.problems.some((one) => one.severity === 'error');
  if (isBroken && line.command !== 'append' && line.command !== 'insert') return;
  if (line.command === 'delete' && line.position) {
    const index = existingIndex(table, chain, line.position, number);
    if (index !== undefined) chain.rules.splice(index, 1);
    return;
  }
  if (!isPlainTarget(table, line)) {
    const { target } = usesOf(line);
    if (target) checkTarget(table, line, target.loader, number);
  }
  applyRules(table, chain, line, number, rulesOf(table, line, number));
}

/** What a line of a known shape names, where there is nothing to say about it: the others are looked at. */
function isPlainTarget(table: TableState, line: CommandLine): boolean {
  if (!(line instanceof KnownLine)) return false;
  if (line.targetName === undefined) return true;
  const chain = chainNamed(table, line.targetName);
  const isTarget = factsOf(line).target !== undefined;
  return isTarget ? chain === undefined : chain !== undefined && chain.policy === undefined;
}

function rulesOf(table: TableState, source: CommandLine, line: number): readonly RuleState[] {
  const { jump, endsEveryWay } = factsOf(source);
  const name = jump && (targetNameOf(source) ?? '');
  const leads = name !== undefined && (jump === 'goto' || table.chains.has(name) || table.declared.has(name));
  const leadsTo = leads ? name : undefined;
  return endsEveryWay.map((_, index) => ({ source, line, index, leadsTo, zeroed: false }));
}

function applyRules(
  table: TableState,
  chain: ChainState,
  line: CommandLine,
  number: number,
  rules: readonly RuleState[],
): void {
  switch (line.command) {
    case 'append':
      for (const rule of rules) chain.rules.push(rule);
      break;
    case 'insert':
      insertRules(table, chain, line.position, number, rules);
      break;
    case 'replace':
      replaceRule(table, chain, line, number, rules);
      break;
    case 'delete':
    case 'check':
      for (const rule of rules) takeOut(table, chain, line, number, rule);
  }
}

/** A chain that is not there keeps the rules that are meant for it, so that what jumps to it can be followed. */
function missingChainState(table: TableState, { chain }: CommandLine, name: string, line: number): ChainState {
  if (chain && !mayBeElsewhere(table, chain)) table.problems.push(missingChain(table, chain, line));
  const known = table.chains.get(name);
  if (known) return known;
  const state: ChainState = { ...newChain(name), missing: true };
  table.chains.set(name, state);
  return state;
}

/** From 0; undefined where it cannot be read, which the parser has said. */
function indexOf(position: Word): number | undefined {
  const number = parseUnsigned(position.value);
  return number === undefined || number < 1 ? undefined : number - 1;
}

/** The index of the rule that a position names. */
function existingIndex(table: TableState, chain: ChainState, position: Word, line: number): number | undefined {
  const index = indexOf(position);
  if (index === undefined || index < chain.rules.length) return index;
  const message = `no rule ${position.value} in chain "${chain.name}", which has ${chain.rules.length} here`;
  refuse(table, line, position, 'no-such-rule', message);
  return undefined;
}

function insertRules(
  table: TableState,
  chain: ChainState,
  position: Word | undefined,
  line: number,
  rules: readonly RuleState[],
): void {
  const index = position ? indexOf(position) : 0;
  if (index === undefined) return;
  if (position && index > chain.rules.length) {
    const message = `rule ${position.value} would leave a gap: chain "${chain.name}" has ${chain.rules.length} rules here`;
    refuse(table, line, position, 'no-such-rule', message);
    return;
  }
  // One after the other at the same place, so that the last of them comes to stand first.
  for (const rule of rules) chain.rules.splice(index, 0, rule);
}

function replaceRule(
  table: TableState,
  chain: ChainState,
  line: CommandLine,
  number: number,
  rules: readonly RuleState[],
): void {
  if (rules.length > 1) {
    refuse(table, number, line.flag, 'bad-value', 'one rule replaces one: -s and -d may list no addresses here');
    return;
  }
  const index = line.position && existingIndex(table, chain, line.position, number);
  if (index === undefined) return;
  const message = 'iptables-nft-restore 1.8 crashes here: it cannot replace a rule of the same file';
  refuseBy(table, number, line.flag, { code: 'nft-bug', message, refusedBy: 'nft' });
  chain.rules.splice(index, 1, ...rules);
}

/** `-D` takes the first rule that is the same; `-C` only looks for it. */
function takeOut(table: TableState, chain: ChainState, line: CommandLine, number: number, rule: RuleState): void {
  const wanted = lowerRule(rule);
  const index = chain.rules.findIndex((candidate) => sameRule(lowerRule(candidate), wanted, table.family));
  if (index === -1) {
    refuse(table, number, line.flag, 'no-such-rule', `chain "${chain.name}" holds no such rule here`);
  } else if (line.command === 'delete') {
    chain.rules.splice(index, 1);
  }
}

/** Whether `-j` and `-g` lead somewhere. */
function checkTarget(table: TableState, command: CommandLine, part: TargetPart, line: number): void {
  const { name, flag } = part;
  // The parser has refused `-jACCEPT` already.
  if (name === undefined || isOpaque(name) || name.value === '' || name.span.start === flag.span.start) return;
  const chain = chainNamed(table, name.value);
  if (chain?.policy !== undefined) {
    refuse(table, line, name, 'jump-to-builtin', `"${name.value}" is a built-in chain: only the kernel enters it`);
  } else if (chain) {
    checkChainJump(table, command, part, line);
  } else if (part.kind === 'goto') {
    if (!mayBeElsewhere(table, name)) table.problems.push(missingChain(table, name, line));
  } else if (part.extension === undefined) {
    checkTargetName(table, name, line);
  }
}

/** A chain takes no options, and comes before a target of its name. */
function checkChainJump(table: TableState, command: CommandLine, part: TargetPart, line: number): void {
  const owner = command.parts.indexOf(part);
  for (const other of command.parts) {
    const flag = optionOf(other, owner);
    if (flag) refuse(table, line, flag, 'unknown-option', `unknown option "${flag.value}": a chain has no options`);
  }
  if (part.kind === 'goto' || part.extension === undefined || part.name === undefined) return;
  const message = `iptables takes "${part.name.value}" for the chain of this table, not for the target`;
  const { span } = part.name;
  table.problems.push({ code: 'chain-hides-target', message, severity: 'information', span, line });
}

/** The option, known or not, that a target at `owner` would have. */
function optionOf(part: RulePart, owner: number): Word | undefined {
  if (part.kind === 'option') return part.owner === owner ? part.flag : undefined;
  if (part.kind !== 'unknown' || part.owner !== owner) return undefined;
  return part.words.find((word) => word.value.startsWith('-'));
}

function checkTargetName(table: TableState, name: Word, line: number): void {
  if (table.declared.has(name.value) && !mayBeElsewhere(table, name)) {
    table.problems.push(missingChain(table, name, line));
  } else if (isExtensionName('target', name.value)) {
    const message = `the target "${name.value}" is not known here yet: what it does is left open`;
    table.problems.push({ code: 'unknown-extension', message, severity: 'information', span: name.span, line });
  } else if (mayBeElsewhere(table, name)) {
    // A function may make it that is called before.
    const slip = table.declared.has(name.value) ? undefined : nearTarget(name.value);
    const message = `nothing here makes a chain "${name.value}"`;
    const unsure = problem(name.span, 'unknown-chain', message, 'warning');
    if (slip !== undefined) table.problems.push({ ...withSuggestion(unsure, slip), line });
  } else {
    const message = `"${name.value}" is neither a chain of table ${table.name} nor a target`;
    const unknown = problem(name.span, 'unknown-chain', message);
    table.problems.push({ ...suggestingName(table, unknown, name.value, extensionNames('target')), line });
  }
}

/** The target that a name in capitals is probably meant for. */
function nearTarget(name: string): string | undefined {
  return /^[A-Z]{4,}$/.test(name) ? closest(name, TARGETS_OF_LENGTH) : undefined;
}

/** Shorter names are near to too many. */
const TARGETS_OF_LENGTH = [...extensionNames('target')].filter((name) => name.length > 3);
