/** What is known of a line's command while its words are read, from left to right, as getopt_long(3) does. */
import type { Family } from '../../../src-sim/net/address';
import type { CommandDeclaration } from './commands';
import {
  findLongOption,
  findShortOption,
  type LoadedExtension,
  type Lookup,
  matchLoadedByProtocol,
} from './option-scope';
import { problem } from './problem';
import type { CountersNode, Problem, RulePart, Span, Word } from './tree';

export interface RuleReading {
  /** `-6` in a file for iptables makes the rest of the line IPv6. */
  family: Family;
  readonly words: readonly Word[];
  /** Words of a command line and not of a restore file: `-t`, `-w` and their like are right there. */
  readonly onCommandLine: boolean;
  /** The next word to read. */
  at: number;
  readonly parts: RulePart[];
  readonly problems: Problem[];
  readonly scope: LoadedExtension[];
  command: CommandWords | undefined;
  /** From `-c`. */
  counters: CountersNode | undefined;
  /** How many problems there were where iptables-restore reads no further: `-6` in a file for iptables, `-h`. */
  skippedFrom: number | undefined;
  /** What `-p` gave. */
  protocol: number | undefined;
  /** iptables loads the protocol's match once in a rule. @see iptables: libxtables/xshared.c:should_load_proto */
  protocolMatchLoaded: boolean;
  /** The last `-m` or `-j` without a declaration: an option that nobody knows may be its. */
  undeclaredOwner: number | undefined;
  /** An opaque word was read that may hold options: what comes behind may be theirs. */
  isOpen: boolean;
  /** Whether a match without a declaration was loaded: what looks like an abbreviation may be its option. */
  hasUndeclaredMatch: boolean;
}

export interface CommandWords {
  readonly flag: Word;
  readonly declaration: CommandDeclaration;
  readonly chain: Word | undefined;
  readonly position: Word | undefined;
  readonly argument: Word | undefined;
}

/** How an option stands in the text. */
export interface OptionUse {
  readonly bang: Word | undefined;
  readonly flag: Word;
  /** The value in the same word: `22` of `--dport=22`, `INPUT` of `-AINPUT`. */
  readonly attached: Word | undefined;
  /** That same word as a whole. */
  readonly whole: Word;
}

export function newReading(words: readonly Word[], family: Family, onCommandLine: boolean): RuleReading {
  return {
    family,
    words,
    onCommandLine,
    at: 0,
    parts: [],
    problems: [],
    scope: [],
    command: undefined,
    counters: undefined,
    skippedFrom: undefined,
    protocol: undefined,
    protocolMatchLoaded: false,
    undeclaredOwner: undefined,
    isOpen: false,
    hasUndeclaredMatch: false,
  };
}

export function report(reading: RuleReading, span: Span, code: string, message: string): void {
  reading.problems.push(problem(span, code, message));
}

/** What `--name` means here. Where nobody knows it, the match of `-p` is loaded and asked, as iptables does. */
export function lookUp(reading: RuleReading, name: string): Lookup {
  const exactOnly = reading.hasUndeclaredMatch;
  const first = findLongOption(reading.scope, name, exactOnly);
  if (first.kind === 'found' || reading.protocolMatchLoaded || reading.protocol === undefined) return first;
  const match = matchLoadedByProtocol(reading.protocol, reading.family);
  if (match === undefined) return first;
  reading.protocolMatchLoaded = true;
  reading.scope.push({ extension: match, owner: undefined });
  return findLongOption(reading.scope, name, exactOnly);
}

/** Whether a word would be taken for an option, or for its negation. */
export function looksLikeOption(word: Word | undefined): boolean {
  return word !== undefined && (word.value === '!' || (word.value.length > 1 && word.value.startsWith('-')));
}

/** Whether a word that should be a name is plainly the next option; a chain may be called `-foo`. */
export function isForgottenName(word: Word | undefined): boolean {
  if (word === undefined) return false;
  const { value } = word;
  if (value === '!' || value.startsWith('--')) return true;
  return value.length === 2 && value.startsWith('-') && findShortOption(value.charAt(1)).kind === 'found';
}

/** Words up to the next that looks like an option. */
export function takePlainWords(reading: RuleReading): Word[] {
  const taken: Word[] = [];
  for (let word = reading.words[reading.at]; word !== undefined; word = reading.words[reading.at]) {
    if (looksLikeOption(word)) break;
    taken.push(word);
    reading.at++;
  }
  return taken;
}

/** The argument of an option that takes one word: attached to it, or the word behind it whatever that looks like. */
export function takeArgument(reading: RuleReading, use: OptionUse): Word | undefined {
  const argument = use.attached ?? reading.words[reading.at++];
  if (argument === undefined) report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a value`);
  return argument;
}

/** The next word, unless it looks like an option. */
export function takeOptionalArgument(reading: RuleReading): Word | undefined {
  const word = reading.words[reading.at];
  if (word === undefined || word.value.startsWith('-') || word.value.startsWith('!')) return undefined;
  reading.at++;
  return word;
}
