/** Reads an option's value and says what is wrong with it: the part of a rule that its declaration drives. */
import type { Json } from '../../../src-sim/netfilter/ruleset';
import type { Choice, Unparsed } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { isOpaque } from './opaque';
import { builtinOption, type DeclaredOption } from './option-scope';
import { problem } from './problem';
import { isForgottenName, looksLikeOption, type OptionUse, type RuleReading, report } from './rule-reading';
import { closest, withSuggestion } from './suggest';
import type { OptionPart, Problem, Span, Word } from './tree';

const PROTOCOL = builtinOption('p');

export function readOption(
  reading: RuleReading,
  use: OptionUse,
  meaning: DeclaredOption,
  owner: number | undefined,
): void {
  const part = optionPart(reading, use, meaning, owner);
  if (part.bang && !part.declaration.invert) {
    report(reading, part.bang.span, 'cannot-invert', `${use.flag.value} cannot be negated`);
  }
  if (isRepeated(reading, part)) {
    report(reading, use.flag.span, 'repeated-option', `${use.flag.value} is given twice`);
  }
  reading.parts.push(part);
  if (meaning !== PROTOCOL) return;
  if (typeof part.value === 'number') reading.protocol = part.value;
  // Nobody can tell whose options come next.
  if (part.words.some(isOpaque)) reading.isOpen = true;
}

function optionPart(
  reading: RuleReading,
  use: OptionUse,
  meaning: DeclaredOption,
  owner: number | undefined,
): OptionPart {
  const { name, declaration, extension } = meaning;
  const misplaced = takeMisplacedBang(reading, use, meaning);
  const { words, value } = declaration.type.words === 0 ? readFlag(reading, use) : readValue(reading, use, meaning);
  return {
    kind: 'option',
    bang: use.bang ?? misplaced,
    flag: use.flag,
    option: name,
    declaration,
    extension,
    owner,
    words,
    value,
  };
}

interface ReadValue {
  readonly words: readonly Word[];
  readonly value: Json | undefined;
}

/** The built-in conditions take the whole word for their value, so that `-s1.1.1.1` and `--source=1.1.1.1` fail. */
function takesWholeWord(meaning: DeclaredOption): boolean {
  return meaning.extension === BUILTIN;
}

function readFlag(reading: RuleReading, use: OptionUse): ReadValue {
  if (use.attached) report(reading, use.attached.span, 'unexpected-value', `${use.flag.value} takes no value`);
  return { words: [], value: true };
}

function readValue(reading: RuleReading, use: OptionUse, meaning: DeclaredOption): ReadValue {
  if (use.attached && takesWholeWord(meaning)) return readWholeWord(reading, use, use.attached, meaning);
  const { words: wanted } = meaning.declaration.type;
  const first = use.attached ? [use.attached] : [];
  if (meaning.declaration.type.optional && isLeftOut(reading, use))
    return { words: [], value: parseNothing(reading, meaning) };
  if (first.length === 0 && isForgotten(reading)) return recover(reading, use, [], meaning, undefined);
  const words = [...first, ...reading.words.slice(reading.at, reading.at + wanted - first.length)];
  if (words.length === wanted && words.some(isOpaque)) {
    reading.at += wanted - first.length;
    return { words, value: undefined };
  }
  const parsed = words.length === wanted ? parseWords(reading, words, meaning) : undefined;
  if (parsed?.ok) {
    reading.at += wanted - first.length;
    if (parsed.warning !== undefined) {
      reading.problems.push(problem(spanOf(words) ?? use.flag.span, 'odd-value', parsed.warning, 'warning'));
    }
    return { words, value: parsed.value };
  }
  return recover(reading, use, words.slice(0, plainCount(words)), meaning, parsed);
}

function isLeftOut(reading: RuleReading, use: OptionUse): boolean {
  const next = reading.words[reading.at];
  return use.attached === undefined && (next === undefined || /^[-!]/.test(next.value));
}

function parseNothing(reading: RuleReading, { declaration }: DeclaredOption): Json | undefined {
  const parsed = declaration.type.parse([], reading.family);
  return parsed.ok ? parsed.value : undefined;
}

/** `-i -j ACCEPT`: were `-j` the value, nothing could take the word behind it. */
function isForgotten(reading: RuleReading): boolean {
  const next = reading.words[reading.at + 1];
  return isForgottenName(reading.words[reading.at]) && next !== undefined && !looksLikeOption(next);
}

/** Where the value cannot be read: what stands there is the value, unless it looks like the next option. */
function recover(
  reading: RuleReading,
  use: OptionUse,
  words: readonly Word[],
  meaning: DeclaredOption,
  failed: Unparsed | undefined,
): ReadValue {
  const { type } = meaning.declaration;
  reading.at += words.length - (use.attached ? 1 : 0);
  if (words.length < type.words || failed === undefined) {
    const needs = type.words === 1 ? `a value: ${type.name}` : `${type.words} values: ${type.name}`;
    report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs ${needs}`);
  } else {
    reading.problems.push(badValue(words, spanOf(words) ?? use.flag.span, meaning, failed));
  }
  return { words, value: undefined };
}

/** `-s example.org` is right on a machine that can look the name up; other extensions take no names. */
function badValue(words: readonly Word[], span: Span, meaning: DeclaredOption, failed: Unparsed): Problem {
  const { extension, declaration } = meaning;
  const { error, needsLookup } = failed;
  if (needsLookup && extension === BUILTIN) return problem(span, 'host-name', error, 'warning');
  const choices = declaration.type.choices ?? [];
  const slip = words.length === 1 && choices.length > 0 ? misspeltItem(words, choices) : undefined;
  if (slip === undefined) return problem(span, 'bad-value', error);
  return withSuggestion(problem(slip.span, 'bad-value', error), slip.meant);
}

/** The one item of a comma list that is nearly one of the choices: `ESTABLISED` of `NEW,ESTABLISED`. */
function misspeltItem([word]: readonly Word[], choices: readonly Choice[]): { span: Span; meant: string } | undefined {
  if (word === undefined || word.span.end - word.span.start !== word.value.length) return undefined;
  const names = choices.map(({ text }) => text);
  let start = word.span.start;
  for (const item of word.value.split(',')) {
    const span = { start, end: start + item.length };
    start = span.end + 1;
    // A number is no slip of a name: `11` is not `x11`.
    if (/^[\d:]*$/.test(item) || names.some((name) => name.toLowerCase() === item.toLowerCase())) continue;
    const meant = closest(item, names);
    if (meant !== undefined) return { span, meant };
  }
  return undefined;
}

function parseWords(reading: RuleReading, words: readonly Word[], meaning: DeclaredOption) {
  return meaning.declaration.type.parse(
    words.map((word) => word.value),
    reading.family,
    reading.protocol,
  );
}

function readWholeWord(reading: RuleReading, use: OptionUse, attached: Word, meaning: DeclaredOption): ReadValue {
  if (isOpaque(attached)) return { words: [use.whole], value: undefined };
  const parsed = parseWords(reading, [use.whole], meaning);
  const { whole, flag } = use;
  const advice = `write "${flag.value} ${attached.value}"`;
  if (!parsed.ok) {
    report(reading, whole.span, 'bad-value', `iptables does not split "${whole.value}" here: ${advice}`);
    return { words: [whole], value: undefined };
  }
  const message = `iptables takes the whole of "${whole.value}" for the value: ${advice}`;
  reading.problems.push(problem(whole.span, 'glued-value', message, 'warning'));
  return { words: [whole], value: parsed.value };
}

/** `-s ! 1.1.1.1`, as iptables took it until 1.4.21; now the `!` itself would be the value. */
function takeMisplacedBang(reading: RuleReading, use: OptionUse, meaning: DeclaredOption): Word | undefined {
  const bang = reading.words[reading.at];
  const next = reading.words[reading.at + 1];
  if (use.attached || bang?.value !== '!' || next === undefined || looksLikeOption(next)) return undefined;
  if (meaning.declaration.type.words === 0) return undefined;
  const message = `"!" stands before the option: "! ${use.flag.value} ${next.value}"`;
  report(reading, bang.span, 'misplaced-bang', message);
  reading.at++;
  return bang;
}

function plainCount(words: readonly Word[]): number {
  const stop = words.findIndex(looksLikeOption);
  return stop === -1 ? words.length : stop;
}

function isRepeated(reading: RuleReading, part: OptionPart): boolean {
  return reading.parts.some(
    (other) =>
      other.kind === 'option' &&
      other.option === part.option &&
      other.extension === part.extension &&
      other.owner === part.owner,
  );
}

function spanOf(words: readonly Word[]): Span | undefined {
  const first = words[0];
  const last = words.at(-1);
  return first && last && { start: first.span.start, end: last.span.end };
}
