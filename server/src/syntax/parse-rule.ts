/**
 * Reads the words of a command line in the order in which iptables does: commands, general options, `-m`, `-j`, and the
 * options of what is loaded so far may stand in any order, and each is read where it stands.
 *
 * @see iptables: iptables/xshared.c:do_parse, iptables/xshared.c:command_default
 */
import type { Family } from '../../../src-sim/net/address';
import {
  extensionsWithOption,
  findShortOption,
  type Lookup,
  matchLoadedByProtocol,
  namesInScope,
} from './option-scope';
import { alternatives, problem } from './problem';
import { readCommand } from './read-command';
import { readGeneral } from './read-general';
import { readLoader } from './read-loader';
import { readOption } from './read-option';
import { lookUp, newReading, type OptionUse, type RuleReading, report, takePlainWords } from './rule-reading';
import { didYouMean } from './suggest';
import type { Span, Word } from './tree';

/** Reads every word; what is wrong becomes a problem, never an exception. */
export function readRule(words: readonly Word[], family: Family): RuleReading {
  const reading = newReading(words, family);
  while (reading.at < words.length) readNext(reading);
  if (reading.command) checkCommandOptions(reading, reading.command.declaration.long);
  return reading;
}

function readNext(reading: RuleReading): void {
  const bang = takeBang(reading);
  const word = reading.words[reading.at];
  if (word === undefined) return;
  reading.at++;
  if (word.value === '--') readRest(reading, word);
  else if (word.value.startsWith('--')) readLong(reading, word, bang);
  else if (word.value.startsWith('-') && word.value.length > 1) readShort(reading, word, bang);
  else readStray(reading, word);
}

function takeBang(reading: RuleReading): Word | undefined {
  const bang = reading.words[reading.at];
  if (bang?.value !== '!') return undefined;
  reading.at++;
  for (let next = reading.words[reading.at]; next?.value === '!'; next = reading.words[reading.at]) {
    report(reading, next.span, 'stray-bang', 'one "!" is enough');
    reading.at++;
  }
  if (reading.at >= reading.words.length) report(reading, bang.span, 'stray-bang', 'nothing follows "!"');
  return bang;
}

function readLong(reading: RuleReading, word: Word, bang: Word | undefined): void {
  const equals = word.value.indexOf('=');
  const name = word.value.slice(2, equals === -1 ? undefined : equals);
  const split = equals === -1 ? { flag: word, attached: undefined } : splitWord(word, equals, 1);
  const use = { bang, whole: word, flag: split.flag, attached: split.attached };
  dispatch(reading, use, lookUp(reading, name), name);
}

/** `-j`, and letters written together: `-fp tcp`, `-AINPUT`. */
function readShort(reading: RuleReading, word: Word, bang: Word | undefined): void {
  for (let at = 1; at < word.value.length; at++) {
    const letter = word.value.charAt(at);
    const lookup = findShortOption(letter);
    if (word.value.length === 2) {
      dispatch(reading, { bang, whole: word, flag: word, attached: undefined }, lookup, letter);
      return;
    }
    const split = splitWord(word, at + 1, 0);
    const takesValue = lookup.kind === 'found' && takesArgument(lookup);
    const flag = { span: split.flag.span, value: `-${letter}` };
    dispatch(reading, { bang, whole: word, flag, attached: takesValue ? split.attached : undefined }, lookup, letter);
    if (takesValue || lookup.kind !== 'found') return;
  }
}

function takesArgument(lookup: Lookup & { kind: 'found' }): boolean {
  const { meaning } = lookup;
  if (meaning.kind === 'option') return meaning.declaration.type.words > 0;
  return meaning.kind !== 'general' || meaning.words > 0;
}

/** Splits a word behind its first `length` characters, leaving out `gap`. Spans are exact where the word has no quotes. */
function splitWord(word: Word, length: number, gap: number): { flag: Word; attached: Word | undefined } {
  const { span, value } = word;
  const exact = span.end - span.start === value.length;
  const part = (start: number, end: number): Span =>
    exact ? { start: span.start + start, end: span.start + end } : span;
  const flag = { span: part(0, length), value: value.slice(0, length) };
  if (value.length < length + gap || value.length === length) return { flag, attached: undefined };
  return { flag, attached: { span: part(length + gap, value.length), value: value.slice(length + gap) } };
}

function dispatch(reading: RuleReading, use: OptionUse, lookup: Lookup, name: string): void {
  if (lookup.kind !== 'found') {
    readUnknown(reading, use, lookup, name);
  } else if (lookup.meaning.kind === 'option') {
    readOption(reading, use, lookup.meaning, lookup.owner);
  } else {
    if (use.bang) report(reading, use.bang.span, 'stray-bang', `"!" may not stand before ${use.flag.value}`);
    if (lookup.meaning.kind === 'command') readCommand(reading, use, lookup.meaning);
    else if (lookup.meaning.kind === 'general') readGeneral(reading, use, lookup.meaning);
    else readLoader(reading, use, lookup.meaning.kind);
  }
}

/** An option that no declaration knows: an error, unless it may belong to an extension that is not declared yet. */
function readUnknown(reading: RuleReading, use: OptionUse, lookup: Lookup, name: string): void {
  const words = [...(use.bang ? [use.bang] : []), use.whole, ...takePlainWords(reading)];
  reading.parts.push({ kind: 'unknown', words, owner: reading.undeclaredOwner });
  if (reading.undeclaredOwner !== undefined) return;
  if (hasUndeclaredProtocolMatch(reading)) {
    const message = `${use.flag.value}: the options that -p loads here are not known yet`;
    reading.problems.push(problem(use.flag.span, 'unknown-extension', message, 'information'));
  } else if (lookup.kind === 'ambiguous') {
    const names = alternatives(lookup.names.map((one) => `--${one}`));
    report(reading, use.flag.span, 'ambiguous-option', `${use.flag.value} may be short for ${names}`);
  } else {
    report(reading, use.flag.span, 'unknown-option', unknownOption(reading, use.flag.value, name));
  }
}

function hasUndeclaredProtocolMatch(reading: RuleReading): boolean {
  const { protocol, family } = reading;
  return protocol !== undefined && protocol !== 0 && matchLoadedByProtocol(protocol, family) === undefined;
}

function unknownOption(reading: RuleReading, flag: string, name: string): string {
  const start = `unknown option "${flag}"`;
  const owners = extensionsWithOption(name).filter((extension) => extension.families.includes(reading.family));
  if (owners.length === 0) return `${start}${didYouMean(name, namesInScope(reading.scope), '--')}`;
  const loaders = new Set(
    owners.map((owner) => {
      if (owner.kind === 'target') return `-j ${owner.name}`;
      return owner.loadedBy ? `-p ${owner.name}` : `-m ${owner.name}`;
    }),
  );
  return `${start}: it belongs behind ${alternatives([...loaders])}`;
}

function readStray(reading: RuleReading, word: Word): void {
  const words = [word, ...takePlainWords(reading)];
  if (word.value.startsWith('#')) {
    words.push(...reading.words.slice(reading.at));
    reading.at = reading.words.length;
    const span = { start: word.span.start, end: words.at(-1)?.span.end ?? word.span.end };
    report(
      reading,
      span,
      'trailing-comment',
      'a comment has its own line, beginning with "#"; or use -m comment --comment',
    );
  } else {
    report(reading, word.span, 'bad-argument', `"${word.value}" belongs to no option${strayCause(reading, word)}`);
  }
  reading.parts.push({ kind: 'unknown', words, owner: undefined });
}

function strayCause(reading: RuleReading, word: Word): string {
  if (word.value === '\\') return ': a rule stands on one line';
  const before = reading.parts.at(-1);
  const written = before?.kind === 'option' ? before.words.at(-1)?.value : undefined;
  if (written?.startsWith("'")) return `: only double quotes hold words together`;
  if (before?.kind === 'option') return `; ${before.flag.value} takes ${countWords(before.declaration.type.words)}`;
  return '';
}

function countWords(count: number): string {
  if (count === 0) return 'no value';
  return count === 1 ? 'one word (quote it with ")' : `${count} words`;
}

/** Behind `--` no option is read any more, and other words are refused. */
function readRest(reading: RuleReading, dashes: Word): void {
  const words = reading.words.slice(reading.at);
  reading.at = reading.words.length;
  reading.parts.push({ kind: 'unknown', words: [dashes, ...words], owner: undefined });
  const [first] = words;
  if (first) report(reading, first.span, 'bad-argument', 'nothing may stand behind "--"');
}

/** `-N`, `-P`, `-F` and their like take no rule, `-D CHAIN 3` none beside the number. */
function checkCommandOptions(reading: RuleReading, name: string): void {
  const { command } = reading;
  if (command === undefined) return;
  const byNumber = command.declaration.command === 'delete' && command.position !== undefined;
  if (command.declaration.rule && !byNumber) return;
  for (const part of reading.parts) {
    if (part.kind !== 'option' && part.kind !== 'jump' && part.kind !== 'goto') continue;
    const what = byNumber ? 'a rule number' : `--${name}`;
    report(reading, part.flag.span, 'illegal-option', `${part.flag.value} may not stand beside ${what}`);
  }
}
