/** A command line → the rules that the kernel holds for it: conditions by match, in the order in which they are tested. */
import type { Family } from '../../../src-sim/net/address';
import {
  type Counters,
  type GivenOptions,
  type Json,
  type MatchUse,
  NO_COUNTERS,
  type Rule,
  type TargetUse,
} from '../../../src-sim/netfilter/ruleset';
import type { Extension } from '../../../src-sim/xt/define';
import { printRule } from '../../../src-sim/xt/print-rule';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { GENERAL_OPTIONS } from '../syntax/commands';
import type { CommandLine } from '../syntax/tree';
import { KnownLine } from './known-line';
import { perLine } from './per-line';
import { type RuleUses, type Use, usesOf } from './rule-uses';
import type { RuleState } from './table-state';

/** What a line's rules are made of, whatever the line's place and the table's chains. */
interface RuleParts {
  /** One for each pair of addresses that `-s` and `-d` list. */
  readonly matches: readonly (readonly MatchUse[])[];
  readonly counters: Counters;
  /** What `-j` names, where that is no chain. */
  readonly target: TargetUse;
  readonly jump: 'jump' | 'goto';
}

export const partsOf: (line: CommandLine) => RuleParts = perLine((line) => {
  // A line whose shape is known stays unread: what is made of it here is all that is asked of most.
  return ruleParts(line instanceof KnownLine ? line.read() : line);
});

export function lowerRule({ source, line, index, leadsTo, zeroed }: RuleState): Rule {
  const { matches, counters, target, jump } = partsOf(source);
  return {
    matches: matches[index] ?? [],
    target: leadsTo === undefined ? target : { kind: jump, chain: leadsTo },
    counters: zeroed ? NO_COUNTERS : counters,
    line,
  };
}

/** Whether two rules are the same for `-D`: in what they are saved as; counters and place do not count. */
export function sameRule(a: Rule, b: Rule, family: Family): boolean {
  return a.matches.length === b.matches.length && printRule(a, family) === printRule(b, family);
}

/**
 * `-6` in a file for iptables, `-4` in one for ip6tables: the line is skipped without a word. At `-h` and `-V`
 * iptables-restore stops reading, as if all were well.
 */
export function isNotLoaded(line: CommandLine, family: Family): boolean {
  if (line instanceof KnownLine) return false;
  return line.parts.some((part) => {
    if (part.kind !== 'general') return false;
    const { onlyFamily = family, stops } = GENERAL_OPTIONS.find((option) => option.name === part.name) ?? {};
    return stops || onlyFamily !== family;
  });
}

function ruleParts(line: CommandLine): RuleParts {
  const uses = usesOf(line);
  const own = uses.matches.map((use) => matchUse(use, use.given));
  const others = line.unsure === undefined ? own : [...own, unsureMatch(line.unsure)];
  const builtins = uses.builtin ? builtinUses(uses.builtin) : [];
  const { counters } = line;
  return {
    matches: builtins.length > 0 ? builtins.map((builtin) => [builtin, ...others]) : [others],
    counters: counters ? { packets: counters.packets, bytes: counters.bytes } : NO_COUNTERS,
    target: targetOf(uses),
    jump: uses.target?.loader.kind ?? 'jump',
  };
}

/** A rule of which nobody knows whether it is there is one of which nobody knows whether it matches. */
function unsureMatch(why: string): MatchUse {
  return { name: 'command', options: {}, unknown: `the rule may not be there: ${why}` };
}

function matchUse(use: Use, options: GivenOptions): MatchUse {
  const unknown = unknownOf(use);
  return { name: use.name, options, ...(unknown !== undefined && { unknown }) };
}

/** A rule that is still being written lacks what its declaration relies on: nobody can say what it would do. */
export function unknownOf({ unknown, extension, given, name }: Use): string | undefined {
  if (unknown !== undefined || extension === undefined) return unknown;
  const missing = requiredGroups(extension).find((group) => group.every((option) => given[option] === undefined));
  return missing && `${name} needs ${missing.map((option) => `--${option}`).join(' or ')}`;
}

const groupsOf = new WeakMap<Extension, readonly (readonly string[])[]>();

/** Options of which at least one must be given. */
function requiredGroups(extension: Extension): readonly (readonly string[])[] {
  const known = groupsOf.get(extension);
  if (known) return known;
  const required = Object.entries(extension.options).flatMap(([option, { required }]) => (required ? [[option]] : []));
  const groups = [...required, ...(extension.oneOf ?? []), ...(extension.anyOf ?? [])];
  groupsOf.set(extension, groups);
  return groups;
}

function targetOf({ target }: RuleUses): TargetUse {
  if (target === undefined) return NO_TARGET;
  const written = target.loader.name?.value ?? '';
  const unknown = target.extension ? unknownOf(target) : `the target "${written}" is not known`;
  return { kind: 'target', name: target.name, options: target.given, ...(unknown !== undefined && { unknown }) };
}

const NO_TARGET: TargetUse = { kind: 'none' };

function builtinUses(use: Use): readonly MatchUse[] {
  let givens: GivenOptions[] = [use.given];
  for (const name of Object.keys(BUILTIN.options)) {
    const given = use.given[name];
    if (given === undefined || !isList(given.value) || given.value.length < 2) continue;
    const items = given.value;
    givens = givens.flatMap((one) => items.map((item) => ({ ...one, [name]: { ...given, value: [item] } })));
  }
  return givens.map((given) => matchUse(use, given));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
