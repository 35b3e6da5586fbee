/** Reads iptables' own options that say nothing about packets: `-c 1 60`, `-4`, `-v`, and those that may not be here. */
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import type { GeneralDeclaration } from './commands';
import { isOpaque } from './opaque';
import { problem } from './problem';
import { type OptionUse, type RuleReading, report, takeOptionalArgument } from './rule-reading';
import type { Word } from './tree';

export function readGeneral(reading: RuleReading, use: OptionUse, declaration: GeneralDeclaration): void {
  const words = takeWords(reading, use, declaration);
  reading.parts.push({ kind: 'general', flag: use.flag, name: declaration.name, words });
  // iptables-restore skips the rest of such a line; it is read as what it is meant for.
  if (declaration.onlyFamily && declaration.onlyFamily !== reading.family) {
    reading.skippedFrom ??= reading.problems.length;
    reading.family = declaration.onlyFamily;
  }
  if (declaration.refused !== undefined && reading.onCommandLine) return;
  if (declaration.refused !== undefined) {
    report(reading, use.flag.span, 'not-in-restore', `${use.flag.value} is refused here: ${declaration.refused}`);
  } else if (declaration.discouraged !== undefined && !reading.onCommandLine) {
    const message = `${use.flag.value}: ${declaration.discouraged}`;
    reading.problems.push(problem(use.flag.span, 'not-in-restore', message, 'warning'));
    if (declaration.stops) reading.skippedFrom ??= reading.problems.length;
  } else if (declaration.words === 2) {
    readCounters(reading, use, words);
  } else if (words.length < declaration.words) {
    report(reading, use.flag.span, 'missing-value', `${use.flag.value} needs a value`);
  }
}

function takeWords(reading: RuleReading, use: OptionUse, declaration: GeneralDeclaration): Word[] {
  const words = use.attached ? [use.attached] : [];
  const { optionalWord = false } = declaration;
  const wanted = optionalWord && reading.onCommandLine ? 1 : declaration.words;
  while (words.length < wanted) {
    const word = takeOptionalArgument(reading);
    if (word === undefined) break;
    words.push(word);
    // `-c 1,60` holds both counters in one word.
    if (declaration.words === 2 && words[0]?.value.includes(',')) break;
  }
  return words;
}

function readCounters(reading: RuleReading, use: OptionUse, words: readonly Word[]): void {
  const [packets, bytes] = words.flatMap((word) => word.value.split(',')).map(parseUnsigned);
  const last = words.at(-1);
  if (words.some(isOpaque)) return;
  if (packets === undefined || bytes === undefined || last === undefined) {
    report(reading, use.flag.span, 'bad-counters', `${use.flag.value} needs two numbers: packets and bytes`);
  } else {
    reading.counters = { span: { start: use.flag.span.start, end: last.span.end }, packets, bytes };
  }
}
