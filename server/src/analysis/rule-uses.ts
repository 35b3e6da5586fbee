/**
 * What a rule uses: its parts gathered by the match or target that they belong to. It depends on the line alone, so it
 * is worked out once for a line and kept as long as the line is.
 */
import type { Given, GivenOptions } from '../../../src-sim/netfilter/ruleset';
import type { Extension } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';
import type { CommandLine, MatchPart, OptionPart, TargetPart, UnknownPart } from '../syntax/tree';
import { perLine } from './per-line';

export interface Use {
  readonly name: string;
  /** Undefined where nobody declared it, and for the name of a chain. */
  readonly extension: Extension | undefined;
  /** Undefined for the conditions of every rule, and for a match that `-p` loaded. */
  readonly loader: MatchPart | TargetPart | undefined;
  readonly parts: readonly OptionPart[];
  readonly given: GivenOptions;
  /** Why nobody can be sure what it does. */
  readonly unknown: string | undefined;
}

export interface RuleUses {
  /** `-p -s -d -i -o -f`; undefined where the rule has none. */
  readonly builtin: Use | undefined;
  /** In the order in which they were loaded, which is the order in which the kernel tests them. */
  readonly matches: readonly Use[];
  readonly target: (Use & { readonly loader: TargetPart }) | undefined;
}

export const usesOf: (line: CommandLine) => RuleUses = perLine(gather);

/** A use while its parts are gathered. */
interface OpenUse {
  readonly name: string;
  readonly extension: Extension | undefined;
  readonly loader: MatchPart | TargetPart | undefined;
  readonly parts: OptionPart[];
  readonly given: { [option: string]: Given };
  unknown: string | undefined;
}

interface Gathering {
  readonly builtin: OpenUse;
  readonly matches: OpenUse[];
  /** By the index of the part that loaded it. */
  readonly byOwner: (OpenUse | undefined)[];
  target: (OpenUse & { readonly loader: TargetPart }) | undefined;
}

function gather(line: CommandLine): RuleUses {
  const gathering: Gathering = {
    builtin: openUse(BUILTIN.name, BUILTIN, undefined),
    matches: [],
    byOwner: [],
    target: undefined,
  };
  for (const [index, part] of line.parts.entries()) {
    if (part.kind === 'match') addMatch(gathering, part, index);
    else if (part.kind === 'jump' || part.kind === 'goto') addTarget(gathering, part, index);
    else if (part.kind === 'option') addOption(useOf(gathering, part), part);
    else if (part.kind === 'unknown') addUnknown(gathering, part);
  }
  const { builtin, matches, target } = gathering;
  return { builtin: builtin.parts.length > 0 ? builtin : undefined, matches, target };
}

function openUse(name: string, extension: Extension | undefined, loader: MatchPart | TargetPart | undefined): OpenUse {
  return { name, extension, loader, parts: [], given: {}, unknown: undefined };
}

function addMatch({ matches, byOwner }: Gathering, part: MatchPart, index: number): void {
  const name = part.extension?.name ?? part.name?.value ?? '';
  const use = openUse(name, part.extension, part);
  if (part.extension === undefined) use.unknown = `the match "${name}" is not known`;
  byOwner[index] = use;
  matches.push(use);
}

function addTarget(gathering: Gathering, part: TargetPart, index: number): void {
  const use = { ...openUse(part.extension?.name ?? part.name?.value ?? '', part.extension, part), loader: part };
  gathering.byOwner[index] = use;
  gathering.target ??= use;
}

/** Where an option belongs: to its `-m` or `-j`, to the conditions of every rule, or to the match that `-p` loaded. */
function useOf({ builtin, matches, byOwner }: Gathering, part: OptionPart): OpenUse {
  if (part.extension === BUILTIN) return builtin;
  const owner = part.owner === undefined ? undefined : byOwner[part.owner];
  if (owner) return owner;
  const loaded = matches.find((use) => use.extension === part.extension && use.loader === undefined);
  if (loaded) return loaded;
  const use = openUse(part.extension.name, part.extension, undefined);
  matches.push(use);
  return use;
}

function addOption(use: OpenUse, part: OptionPart): void {
  use.parts.push(part);
  if (part.value === undefined) use.unknown = `the value of ${part.flag.value} cannot be read`;
  else use.given[part.option] = { value: part.value, inverted: part.bang !== undefined };
}

function addUnknown({ matches, byOwner }: Gathering, part: UnknownPart): void {
  const words = part.words.map((word) => word.value).join(' ');
  const owner = part.owner === undefined ? undefined : byOwner[part.owner];
  if (owner) {
    owner.unknown = `"${words}" of ${owner.name} is not known`;
  } else {
    const use = openUse(part.words[0]?.value ?? '', undefined, undefined);
    use.unknown = `"${words}" is not known`;
    matches.push(use);
  }
}
