/** A command line → the rules that the kernel holds for it: conditions by match, in the order in which they are tested. */
import type { Family } from '../../../src-sim/net/address';
import type { MatchUse, TargetUse } from '../../../src-sim/netfilter/ruleset';
import { type Counters, type Given, type Json, NO_COUNTERS, type Rule } from '../../../src-sim/netfilter/ruleset';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { GENERAL_OPTIONS } from '../syntax/commands';
import type { CommandLine, OptionPart, TargetPart, UnknownPart, Word } from '../syntax/tree';

export interface LowerContext {
  /** 0-based. */
  readonly lineNumber: number;
  isChain(name: string): boolean;
}

/** What a rule uses, while its parts are gathered. */
interface Use {
  readonly name: string;
  readonly options: { [option: string]: Given };
  unknown?: string;
}

/** Several where `-s` or `-d` lists addresses: one for each pair. */
export function lowerRules(line: CommandLine, context: LowerContext): readonly Rule[] {
  const gathered = gather(line);
  const counters: Counters = line.counters
    ? { packets: line.counters.packets, bytes: line.counters.bytes }
    : NO_COUNTERS;
  const target = targetOf(gathered, context);
  const others = gathered.matches;
  return builtinUses(gathered.builtin).map((builtin) => ({
    matches: builtin ? [builtin, ...others] : others,
    target,
    counters,
    line: context.lineNumber,
  }));
}

/** Whether two rules are the same for `-D`: counters and place do not count. */
export function sameRule(a: Rule, b: Rule): boolean {
  return JSON.stringify([a.matches, a.target]) === JSON.stringify([b.matches, b.target]);
}

/** `-6` in a file for iptables, `-4` in one for ip6tables: the line is skipped without a word. */
export function isForOtherFamily(line: CommandLine, family: Family): boolean {
  return line.parts.some((part) => {
    if (part.kind !== 'general') return false;
    const only = GENERAL_OPTIONS.find((option) => option.name === part.name)?.onlyFamily;
    return only !== undefined && only !== family;
  });
}

interface Gathered {
  readonly builtin: Use;
  readonly matches: readonly MatchUse[];
  readonly target: { readonly part: TargetPart; readonly use: Use } | undefined;
}

function gather(line: CommandLine): Gathered {
  const builtin: Use = { name: BUILTIN.name, options: {} };
  const matches: Use[] = [];
  const byOwner = new Map<number, Use>();
  let target: Gathered['target'];
  for (const [index, part] of line.parts.entries()) {
    if (part.kind === 'match') {
      const use: Use = { name: part.extension?.name ?? part.name?.value ?? '', options: {} };
      if (part.extension === undefined) use.unknown = `the match "${use.name}" is not known`;
      byOwner.set(index, use);
      matches.push(use);
    } else if (part.kind === 'jump' || part.kind === 'goto') {
      const use: Use = { name: part.extension?.name ?? part.name?.value ?? '', options: {} };
      byOwner.set(index, use);
      target ??= { part, use };
    } else if (part.kind === 'option') {
      addOption(useOf(part, builtin, matches, byOwner), part);
    } else if (part.kind === 'unknown') {
      addUnknown(part, matches, byOwner);
    }
  }
  return { builtin, matches, target };
}

/** Where an option belongs: to its `-m` or `-j`, to the conditions of every rule, or to the match that `-p` loaded. */
function useOf(part: OptionPart, builtin: Use, matches: Use[], byOwner: ReadonlyMap<number, Use>): Use {
  if (part.extension === BUILTIN) return builtin;
  const owner = part.owner === undefined ? undefined : byOwner.get(part.owner);
  if (owner) return owner;
  const owned = new Set(byOwner.values());
  const loaded = matches.find((use) => use.name === part.extension.name && !owned.has(use));
  if (loaded) return loaded;
  const use: Use = { name: part.extension.name, options: {} };
  matches.push(use);
  return use;
}

function addOption(use: Use, part: OptionPart): void {
  if (part.value === undefined) use.unknown = `the value of ${part.flag.value} cannot be read`;
  else use.options[part.option] = { value: part.value, inverted: part.bang !== undefined };
}

function addUnknown(part: UnknownPart, matches: Use[], byOwner: ReadonlyMap<number, Use>): void {
  const words = part.words.map((word: Word) => word.value).join(' ');
  const owner = part.owner === undefined ? undefined : byOwner.get(part.owner);
  if (owner) owner.unknown = `"${words}" of ${owner.name} is not known`;
  else matches.push({ name: part.words[0]?.value ?? '', options: {}, unknown: `"${words}" is not known` });
}

function targetOf({ target }: Gathered, context: LowerContext): TargetUse {
  if (target === undefined) return { kind: 'none' };
  const name = target.part.name?.value ?? '';
  if (target.part.kind === 'goto' || context.isChain(name)) return { kind: target.part.kind, chain: name };
  const unknown = target.part.extension ? target.use.unknown : `the target "${name}" is not known`;
  return { kind: 'target', name: target.use.name, options: target.use.options, ...(unknown && { unknown }) };
}

/** The conditions of every rule, one set for each pair of listed addresses; undefined where there are none. */
function builtinUses(use: Use): readonly (MatchUse | undefined)[] {
  if (Object.keys(use.options).length === 0 && use.unknown === undefined) return [undefined];
  let uses: MatchUse[] = [use];
  for (const name of Object.keys(BUILTIN.options)) {
    const given = use.options[name];
    if (given === undefined || !isList(given.value) || given.value.length < 2) continue;
    const items = given.value;
    uses = uses.flatMap((one) =>
      items.map((item) => ({ ...one, options: { ...one.options, [name]: { ...given, value: [item] } } })),
    );
  }
  return uses;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
