/**
 * Shapes of rules. A ruleset of some size is written by a machine: thousands of its lines have the same options in
 * the same order, and differ in addresses, ports, comments and the names of chains. What such lines have in common is
 * worked out once, for the first of them; the others are known by their words (shape-tree.ts) and read only when
 * somebody asks.
 *
 * Only `-A` lines that have nothing wrong with them have a shape, and whatever a value decides beyond itself is a part
 * of it: of `-p tcp`, `tcp`.
 */
import type { Family } from '../../../src-sim/net/address';
import { isHook } from '../../../src-sim/netfilter/hook';
import type { GivenOptions, Json } from '../../../src-sim/netfilter/ruleset';
import type { Extension, RuleContext } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { builtinOption } from '../syntax/option-scope';
import type { CommandLine, OptionPart, RulePart, TargetPart, Word } from '../syntax/tree';
import { checkRule, contextOf } from './check-rule';
import { type Use, usesOf } from './rule-uses';

/** What differs between the lines of a shape. */
export type Hole = { readonly kind: 'chain' } | { readonly kind: 'jump' } | ValueHole;

export interface ValueHole {
  readonly kind: 'value';
  readonly part: OptionPart;
}

export interface RuleShape {
  readonly family: Family;
  /** The line that it was learnt from. */
  readonly example: CommandLine;
  /** By the number of the word that each begins with. */
  readonly holes: ReadonlyMap<number, Hole>;
  /** The numbers of the words that name the chain, and the target. */
  readonly chainAt: number;
  readonly targetAt: number | undefined;
  /** The example's; a hole where they may be others. */
  readonly chain: string;
  readonly target: string | undefined;
  /** Whether the declarations of what it uses let these values pass, which stand in the order of the holes. */
  allows(values: readonly Json[]): boolean;
}

/** The shape of a line, unless it has none. */
export function shapeOf(line: CommandLine, words: readonly Word[], family: Family): RuleShape | undefined {
  if (line.command !== 'append' || line.chain === undefined || line.problems.length > 0) return undefined;
  const numbers = new Map(words.map((word, number) => [word.span.start, number]));
  const numberOf = (word: Word) => numbers.get(word.span.start);
  const parts = line.parts.filter(isPlain);
  const target = parts.find(isTarget);
  const flags = [line.flag, ...parts.map(({ flag }) => flag)];
  if (parts.length < line.parts.length || !flags.every((flag) => isWhole(flag, words[numberOf(flag) ?? -1]))) {
    return undefined;
  }
  const chainAt = numberOf(line.chain);
  if (chainAt === undefined || checkRule(line, family, undefined, false).length > 0) return undefined;
  return {
    family,
    example: line,
    holes: holesOf(line.chain, parts, numberOf),
    chainAt,
    targetAt: target?.name && numberOf(target.name),
    chain: line.chain.value,
    target: target?.name?.value,
    allows: allowance(line, family),
  };
}

type PlainPart = Exclude<RulePart, { readonly kind: 'general' | 'unknown' }>;

/** Whether nothing about the part depends on its value, apart from what {@link RuleShape.allows} asks. */
function isPlain(part: RulePart): part is PlainPart {
  if (part.kind === 'option') return part.extension.hooksFor === undefined && saysOneThing(part, part.value);
  return part.kind === 'match' || isTarget(part);
}

/** Whether the value makes one condition: a list of addresses makes a rule of each, `-s 0/0` makes none. */
export function saysOneThing({ extension, declaration, bang }: OptionPart, value: Json | undefined): value is Json {
  if (value === undefined) return false;
  if (extension !== BUILTIN) return true;
  return !(Array.isArray(value) && value.length > 1) && !declaration.type.omitted?.(value, bang !== undefined);
}

function isTarget(part: RulePart): part is TargetPart {
  return part.kind === 'jump' || part.kind === 'goto';
}

/** `--dport=22` and `-AINPUT` are one word, of which the flag is a part. */
function isWhole(flag: Word, word: Word | undefined): boolean {
  return word !== undefined && flag.span.end === word.span.end;
}

const PROTOCOL = builtinOption('p');

function holesOf(
  chain: Word,
  parts: readonly PlainPart[],
  numberOf: (word: Word) => number | undefined,
): ReadonlyMap<number, Hole> {
  const holes = new Map<number, Hole>();
  const add = (word: Word | undefined, hole: Hole) => {
    const number = word && numberOf(word);
    if (number !== undefined) holes.set(number, hole);
  };
  if (!isHook(chain.value)) add(chain, { kind: 'chain' });
  for (const part of parts) {
    if (part.kind === 'option') {
      if (part.declaration !== PROTOCOL?.declaration) add(part.words[0], { kind: 'value', part });
    } else if (part.kind !== 'match' && part.extension === undefined) {
      add(part.name, { kind: 'jump' });
    }
  }
  return holes;
}

/** An extension that may refuse what it is given, and how that is made of a line's values. */
interface Refusing {
  readonly extension: Extension;
  readonly use: Use;
}

function allowance(line: CommandLine, family: Family): RuleShape['allows'] {
  const uses = usesOf(line);
  const all = [...(uses.builtin ? [uses.builtin] : []), ...uses.matches, ...(uses.target ? [uses.target] : [])];
  const refusing = all.flatMap((use): Refusing[] =>
    use.extension?.refuses === undefined ? [] : [{ extension: use.extension, use }],
  );
  if (refusing.length === 0) return () => true;
  const places = placesOf(line);
  let asked: readonly Json[] = [];
  const context: RuleContext = {
    ...contextOf(uses, family),
    // Few declarations look at the matches beside them.
    get matches() {
      return uses.matches.map((use) => ({ name: use.name, options: givenOf(use, places, asked) }));
    },
  };
  return (values) => {
    asked = values;
    return refusing.every(
      ({ extension, use }) => extension.refuses?.(givenOf(use, places, values), context) === undefined,
    );
  };
}

/** Where among a line's values that of an option stands. */
type Places = ReadonlyMap<OptionPart, number>;

function placesOf(line: CommandLine): Places {
  const filled = line.parts.filter((part): part is OptionPart => part.kind === 'option' && isFilled(part));
  return new Map(filled.map((part, place) => [part, place]));
}

function isFilled({ words, declaration }: OptionPart): boolean {
  return words.length > 0 && declaration !== PROTOCOL?.declaration;
}

function givenOf(use: Use, places: Places, values: readonly Json[]): GivenOptions {
  const given: { [option: string]: { value: Json; inverted: boolean } } = {};
  for (const part of use.parts) {
    const place = places.get(part);
    const value = place === undefined ? part.value : values[place];
    if (value !== undefined) given[part.option] = { value, inverted: part.bang !== undefined };
  }
  return given;
}
