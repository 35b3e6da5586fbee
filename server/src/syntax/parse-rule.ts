/**
 * Reads the words of a command line in the order in which iptables does: commands, general options, `-m`, `-j`, and the
 * options of what is loaded so far may stand in any order, and each is read where it stands.
 *
 * @see iptables: iptables/xshared.c:do_parse, iptables/xshared.c:command_default
 */
import type { Family } from '../../../src-sim/net/address';
import { findShortOption, type Lookup } from './option-scope';
import { readCommand } from './read-command';
import { readGeneral } from './read-general';
import { readLoader } from './read-loader';
import { readOption } from './read-option';
import { readOpaque, readRest, readStray, readUnknown } from './read-unknown';
import { type CommandWords, lookUp, newReading, type OptionUse, type RuleReading, report } from './rule-reading';
import type { Span, Word } from './tree';

/** Reads every word; what is wrong becomes a problem, never an exception. */
export function readRule(words: readonly Word[], family: Family, onCommandLine = false): RuleReading {
  const reading = newReading(words, family, onCommandLine);
  while (reading.at < words.length) readNext(reading);
  if (reading.command) checkCommandOptions(reading, reading.command);
  if (reading.skippedFrom !== undefined) reading.problems.splice(reading.skippedFrom);
  return reading;
}

function readNext(reading: RuleReading): void {
  const bang = takeBang(reading);
  const word = reading.words[reading.at];
  if (word === undefined) return;
  reading.at++;
  if (word.opaqueFrom !== undefined && hasOpaqueName(word.value, word.opaqueFrom)) readOpaque(reading, word, bang);
  else if (word.value === '--') readRest(reading, word);
  else if (word.value.startsWith('--')) readLong(reading, word, bang);
  else if (word.value.startsWith('-') && word.value.length > 1) readShort(reading, word, bang);
  else readStray(reading, word);
}

/** Whether it cannot be told which option a word is: `$OPTIONS`, `--$which`; of `--dport=$PORT` it can. */
function hasOpaqueName(value: string, opaqueFrom: number): boolean {
  if (!value.startsWith('--')) return opaqueFrom < 2 || !value.startsWith('-');
  const equals = value.indexOf('=');
  return equals === -1 || opaqueFrom <= equals;
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
  const { span, value, opaqueFrom } = word;
  const exact = span.end - span.start === value.length;
  const part = (start: number, end: number): Span =>
    exact ? { start: span.start + start, end: span.start + end } : span;
  const flag = { span: part(0, length), value: value.slice(0, length) };
  if (value.length < length + gap || value.length === length) return { flag, attached: undefined };
  const attached = { span: part(length + gap, value.length), value: value.slice(length + gap) };
  return {
    flag,
    attached: opaqueFrom === undefined ? attached : { ...attached, opaqueFrom: opaqueFrom - length - gap },
  };
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

/** `-N`, `-P`, `-F` and their like take no rule, `-D CHAIN 3` none beside the number. */
function checkCommandOptions(reading: RuleReading, { declaration, position }: CommandWords): void {
  const byNumber = declaration.command === 'delete' && position !== undefined;
  if (declaration.rule && !byNumber) return;
  const what = byNumber ? 'a rule number' : `--${declaration.long}`;
  for (const part of reading.parts) {
    if (part.kind !== 'option' && part.kind !== 'jump' && part.kind !== 'goto') continue;
    report(reading, part.flag.span, 'illegal-option', `${part.flag.value} may not stand beside ${what}`);
  }
}
