/**
 * Text of an iptables-save file → tree. Parsing never throws, keeps every byte, and reads each line by itself.
 *
 * @see iptables: iptables/iptables-restore.c:ip46tables_restore_main
 */
import type { Family } from '../../../src-sim/net/address';
import { GENERAL_OPTIONS } from './commands';
import { guessFamily } from './family';
import { isOpaque } from './opaque';
import { readChainLine, readTableLine } from './parse-header';
import { readRule } from './parse-rule';
import { problem } from './problem';
import { readCounters } from './read-counters';
import { exceedsBytes, MAX_LINE_BYTES, MAX_WORD_BYTES, MAX_WORDS, splitWords, type Words } from './token';
import type { CountersNode, Line, Problem, RulePart, Tree, UnknownLine, Word } from './tree';

export function parse(text: string, family: Family = guessFamily(text)): Tree {
  return { family, lines: splitLines(text).map((line) => parseLine(line, family)) };
}

/** The lines with their endings; a text that ends with a newline has an empty last line, as editors count. */
export function splitLines(text: string): string[] {
  return [...linesOf(text)];
}

/** The same, one after the other. */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    yield text.slice(start, end + 1);
    start = end + 1;
  }
  yield text.slice(start);
}

/**
 * @param text one line, with its ending
 * @param onCommandLine see rule-reading.ts
 */
export function parseLine(text: string, family: Family, onCommandLine = false): Line {
  const limits = readableEnd(text);
  const line = parseContent(text, limits.end, family, onCommandLine);
  return limits.problems.length === 0 ? line : { ...line, problems: [...limits.problems, ...line.problems] };
}

interface ReadableEnd {
  readonly end: number;
  readonly problems: readonly Problem[];
}

/** Where iptables-restore stops reading the line: at its ending, at a zero byte, or where its buffer is full. */
function readableEnd(text: string): ReadableEnd {
  const end = contentEnd(text);
  if (exceedsBytes(text, MAX_LINE_BYTES)) {
    const message = `a line has at most ${MAX_LINE_BYTES} bytes: iptables-restore takes the rest for another line`;
    const cut = Math.min(end, MAX_LINE_BYTES);
    return { end: cut, problems: [problem({ start: 0, end: cut }, 'line-too-long', message)] };
  }
  const zero = text.indexOf('\0');
  if (zero === -1 || zero >= end) return { end, problems: [] };
  const message = 'a zero byte: iptables-restore ignores the rest of the line';
  return { end: zero, problems: [problem({ start: zero, end }, 'zero-byte', message, 'warning')] };
}

/** The length of a line without its ending. */
export function contentEnd(text: string): number {
  if (text.endsWith('\r\n')) return text.length - 2;
  return text.endsWith('\n') ? text.length - 1 : text.length;
}

function parseContent(text: string, end: number, family: Family, onCommandLine: boolean): Line {
  const byteOrderMark = text.startsWith('\uFEFF') ? 1 : 0;
  const start = firstNonBlank(text, byteOrderMark, end);
  const problems = [...marks(byteOrderMark)];
  if (start === end) return blankLine(text, start > 0, end, problems);
  const first = text.charAt(start);
  const indented = start > byteOrderMark;
  if (first === '#' || first === '*' || first === ':') {
    if (indented) {
      const message = `"${first}" must be the first character of its line`;
      problems.push(problem({ start: byteOrderMark, end: start + 1 }, 'indented-line', message));
    }
    if (first === '*') return readTableLine(text, start, end, problems);
    if (first === ':') return readChainLine(text, start, end, problems);
    return { kind: 'comment', text, problems, comment: { span: { start, end }, value: text.slice(start, end) } };
  }
  return readCommandLine(text, byteOrderMark, end, { family, problems, onCommandLine });
}

function firstNonBlank(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && (text[at] === ' ' || text[at] === '\t')) at++;
  return at;
}

function marks(byteOrderMark: number): readonly Problem[] {
  if (byteOrderMark === 0) return [];
  const message = 'iptables-restore does not skip a byte order mark: save the file as UTF-8 without one';
  return [problem({ start: 0, end: 1 }, 'byte-order-mark', message)];
}

function blankLine(text: string, hasBlanks: boolean, end: number, problems: readonly Problem[]): Line {
  if (!hasBlanks) return { kind: 'blank', text, problems };
  const blanks = problem({ start: 0, end }, 'blanks-only', 'a line of nothing but blanks is refused: leave it empty');
  return { kind: 'blank', text, problems: [...problems, blanks] };
}

type LineSurroundings = Pick<CommandSurroundings, 'family' | 'problems' | 'onCommandLine'>;

function readCommandLine(text: string, start: number, end: number, around: LineSurroundings): Line {
  const counted = readCounters(text, start, end);
  const split = splitWords(text, counted.end, end);
  const problems = [...around.problems, ...counted.problems, ...splitProblems(split, end)];
  const first = split.words[0] ?? { span: { start, end }, value: text.slice(start, end) };
  if (first.value.length === 'COMMIT'.length && first.value.toUpperCase() === 'COMMIT')
    return commitLine(text, first, end, problems);
  const { words, problems: shellProblems } = withoutShellWord(split.words);
  problems.push(...shellProblems);
  return commandLine(text, words, { ...around, first, problems, counters: counted.counters });
}

export interface CommandSurroundings {
  readonly family: Family;
  /** The line's first word: the line is called by it where it holds no command. */
  readonly first: Word;
  /** What was found before the words were read. */
  readonly problems: readonly Problem[];
  readonly counters?: CountersNode | undefined;
  /** See rule-reading.ts. */
  readonly onCommandLine?: boolean;
}

/** The line of a command whose words are split already. */
export function commandLine(text: string, words: readonly Word[], surroundings: CommandSurroundings): Line {
  const { family, first, counters, onCommandLine } = surroundings;
  const reading = readRule(words, family, onCommandLine);
  const problems = [...surroundings.problems, ...reading.problems];
  const { command } = reading;
  if (command === undefined) {
    const isNoQuestion = words.some(isOpaque) || reading.parts.some(answersAtOnce);
    return isNoQuestion ? { kind: 'unknown', text, problems, word: first } : unknownLine(text, first, problems);
  }
  return {
    kind: 'command',
    text,
    problems,
    counters: reading.counters ?? counters,
    flag: command.flag,
    command: command.declaration.command,
    chain: command.chain,
    position: command.position,
    argument: command.argument,
    parts: reading.parts,
  };
}

/** `iptables --version` on the command line. */
function answersAtOnce(part: RulePart): boolean {
  return part.kind === 'general' && GENERAL_OPTIONS.some(({ name, stops }) => stops && name === part.name);
}

function splitProblems(split: Words, end: number): readonly Problem[] {
  const problems: Problem[] = [];
  if (split.openQuote !== undefined) {
    const message = 'this quote is never closed: the rest of the line belongs to the word';
    problems.push(problem({ start: split.openQuote, end }, 'open-quote', message, 'warning'));
  }
  if (split.truncated) {
    const last = split.words.at(-1)?.span.end ?? 0;
    problems.push(problem({ start: last, end }, 'too-many-words', `a rule has at most ${MAX_WORDS} words`));
  }
  for (const word of split.words) {
    if (!exceedsBytes(word.value, MAX_WORD_BYTES)) continue;
    problems.push(problem(word.span, 'word-too-long', `a word has at most ${MAX_WORD_BYTES} bytes`));
  }
  return problems;
}

function commitLine(text: string, word: Word, end: number, problems: Problem[]): Line {
  if (word.value !== 'COMMIT' || word.span.start !== 0 || word.span.end !== end) {
    const message = '"COMMIT" must stand alone on its line, in capitals and without blanks around it';
    problems.push(problem({ start: 0, end }, 'bad-commit', message));
  }
  return { kind: 'commit', text, problems, word };
}

/** A line copied from a shell script, `iptables -A INPUT …`: the word is refused, the rest is read as the rule it is. */
function withoutShellWord(words: readonly Word[]): { words: readonly Word[]; problems: readonly Problem[] } {
  const [first, ...rest] = words;
  if (first === undefined || rest.length === 0 || !/^(\/\S*\/)?ip6?tables$/.test(first.value)) {
    return { words, problems: [] };
  }
  const message = 'a line of this file is the rule alone, without the command before it';
  return { words: rest, problems: [problem(first.span, 'shell-command', message)] };
}

function unknownLine(text: string, word: Word, problems: readonly Problem[]): UnknownLine {
  if (problems.some((one) => one.severity === 'error')) return { kind: 'unknown', text, problems, word };
  const message = 'no command here: a rule begins with -A CHAIN';
  return { kind: 'unknown', text, problems: [...problems, problem(word.span, 'no-command', message)], word };
}
