/**
 * Which options a word may name at a point of a rule: iptables' own, the built-in conditions, and those of the
 * extensions that `-m`, `-j` and `-p` have loaded so far. Names come from the declarations in src-sim/xt.
 *
 * @see getopt_long(3): an exact name wins, then a unique beginning of one
 * @see iptables: libxtables/xtables.c:xtables_options_xfrm, options loaded later are found first
 */
import type { Family } from '../../../src-sim/net/address';
import type { Extension, Match, OptionDeclaration } from '../../../src-sim/xt/define';
import { BUILTIN, EXTENSIONS } from '../../../src-sim/xt/registry';
import {
  COMMANDS,
  type CommandDeclaration,
  GENERAL_OPTIONS,
  type GeneralDeclaration,
  LOADERS,
  type LoaderDeclaration,
} from './commands';

/** An option as a declaration knows it. */
export interface DeclaredOption {
  readonly kind: 'option';
  /** The name under which its declaration has it. */
  readonly name: string;
  readonly declaration: OptionDeclaration;
  readonly extension: Extension;
}

export type Meaning = CommandDeclaration | GeneralDeclaration | LoaderDeclaration | DeclaredOption;

export interface LoadedExtension {
  readonly extension: Extension;
  /** Index of the `-m` or `-j` part that loaded it; undefined where `-p` did. */
  readonly owner: number | undefined;
}

/** In the order of loading. */
export type OptionScope = readonly LoadedExtension[];

export type Lookup =
  | { readonly kind: 'found'; readonly meaning: Meaning; readonly owner: number | undefined }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  | { readonly kind: 'unknown' };

type Names = ReadonlyMap<string, Meaning>;

const UNKNOWN: Lookup = { kind: 'unknown' };
const EXTENSION_NAMES = new Map<Extension, Names>();
const OWN_NAMES = ownNames();
const OWN_LETTERS = ownLetters();
const LOADED_BY_PROTOCOL = matchesByProtocol();

/** What `--name` means; with `exactOnly` an abbreviation is not tried. */
export function findLongOption(scope: OptionScope, name: string, exactOnly = false): Lookup {
  const own = OWN_NAMES.get(name);
  if (own) return { kind: 'found', meaning: own, owner: undefined };
  for (let at = scope.length - 1; at >= 0; at--) {
    const loaded = scope[at];
    const meaning = loaded && optionNames(loaded.extension).get(name);
    if (loaded && meaning) return { kind: 'found', meaning, owner: loaded.owner };
  }
  return exactOnly ? UNKNOWN : findAbbreviation(scope, name);
}

/** What `-x` means. */
export function findShortOption(letter: string): Lookup {
  const meaning = OWN_LETTERS.get(letter);
  return meaning ? { kind: 'found', meaning, owner: undefined } : UNKNOWN;
}

/** Every long name that may stand at this point. */
export function namesInScope(scope: OptionScope): Iterable<string> {
  return new Set([...scope.flatMap((loaded) => [...optionNames(loaded.extension).keys()]), ...OWN_NAMES.keys()]);
}

/** Extensions that have an option of this name, whether loaded or not. */
export function extensionsWithOption(name: string): readonly Extension[] {
  return EXTENSIONS.filter((extension) => extension !== BUILTIN && optionNames(extension).has(name));
}

/** The match whose options `-p` makes known. */
export function matchLoadedByProtocol(protocol: number, family: Family): Match | undefined {
  return LOADED_BY_PROTOCOL.get(protocol)?.find((match) => match.families.includes(family));
}

/** The built-in condition of this letter. */
export function builtinOption(letter: string): DeclaredOption | undefined {
  const meaning = OWN_LETTERS.get(letter);
  return meaning?.kind === 'option' ? meaning : undefined;
}

function findAbbreviation(scope: OptionScope, beginning: string): Lookup {
  const found = new Map<Meaning, { readonly name: string; readonly owner: number | undefined }>();
  const look = (names: Names, owner: number | undefined) => {
    for (const [name, meaning] of names) {
      if (name.startsWith(beginning)) found.set(meaning, { name: found.get(meaning)?.name ?? name, owner });
    }
  };
  look(OWN_NAMES, undefined);
  for (const loaded of scope) look(optionNames(loaded.extension), loaded.owner);
  const [only, other] = found;
  if (only === undefined) return UNKNOWN;
  if (other !== undefined) return { kind: 'ambiguous', names: [...found.values()].map((one) => one.name) };
  return { kind: 'found', meaning: only[0], owner: only[1].owner };
}

function optionNames(extension: Extension): Names {
  const known = EXTENSION_NAMES.get(extension);
  if (known) return known;
  const names = new Map<string, Meaning>();
  for (const [name, declaration] of Object.entries(extension.options)) {
    const meaning: DeclaredOption = { kind: 'option', name, declaration, extension };
    for (const spelling of [name, ...declaration.aliases]) names.set(spelling, meaning);
  }
  EXTENSION_NAMES.set(extension, names);
  return names;
}

function ownNames(): Names {
  const names = new Map<string, Meaning>();
  for (const command of COMMANDS) names.set(command.long, command);
  for (const option of GENERAL_OPTIONS) names.set(option.name, option);
  for (const loader of LOADERS) names.set(loader.long, loader);
  for (const [name, meaning] of optionNames(BUILTIN)) names.set(name, meaning);
  return names;
}

function ownLetters(): Names {
  const letters = new Map<string, Meaning>();
  for (const meaning of new Set(OWN_NAMES.values())) {
    const letter = meaning.kind === 'option' ? meaning.declaration.short : meaning.short;
    if (letter !== undefined) letters.set(letter, meaning);
  }
  return letters;
}

function matchesByProtocol(): ReadonlyMap<number, readonly Match[]> {
  const matches = new Map<number, Match[]>();
  for (const extension of EXTENSIONS) {
    if (extension.kind !== 'match') continue;
    for (const protocol of extension.loadedBy ?? []) {
      matches.set(protocol, [...(matches.get(protocol) ?? []), extension]);
    }
  }
  return matches;
}
