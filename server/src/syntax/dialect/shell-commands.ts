/**
 * The simple commands of a shell script, in the order of the text: enough of the shell's grammar to know where a command
 * begins and ends, and whether it is sure to be run. Here-documents, comments and redirections are skipped.
 *
 * @see POSIX.1-2017, Shell Command Language, 2.4 Reserved Words, 2.9 Shell Commands
 */
import type { Span, Word } from '../tree';
import { shellWord } from './shell-words';

export interface ShellCommand {
  /** Reserved words before it are left out, assignments are not. */
  readonly words: readonly Word[];
  /** Where it ends: at an operator, a comment, the line's end. */
  readonly end: number;
  /** Why it may not be run; undefined where nothing stands in its way. */
  readonly unsure: string | undefined;
}

export interface ShellText {
  readonly commands: readonly ShellCommand[];
  /** Comments that have their line to themselves. */
  readonly comments: readonly Span[];
}

type Nesting = 'condition' | 'loop' | 'case' | 'group' | 'subshell';

const OPENING: Readonly<Record<string, Nesting>> = {
  if: 'condition',
  while: 'loop',
  until: 'loop',
  for: 'loop',
  select: 'loop',
  case: 'case',
  '{': 'group',
};

/** Words behind which a command begins. */
const LEADING: ReadonlySet<string> = new Set(['then', 'else', 'elif', 'do', '!', 'time', 'if', 'while', 'until', '{']);
const CLOSING: ReadonlySet<string> = new Set(['fi', 'done', 'esac', '}']);
/** Words whose command holds no other. */
const HEADS: ReadonlySet<string> = new Set(['for', 'select', 'case']);

export function shellCommands(text: string): ShellText {
  return new ShellReader(text).read();
}

class ShellReader {
  readonly #text: string;
  #at = 0;
  #words: Word[] = [];
  /** `&&` or `||` stands before the command. */
  #chained = false;
  readonly #nesting: Nesting[] = [];
  readonly #hereDocuments: HereDocument[] = [];
  readonly #commands: ShellCommand[] = [];
  readonly #comments: Span[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): ShellText {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand();
    return { commands: this.#commands, comments: this.#comments };
  }

  #step(): void {
    const text = this.#text;
    const character = text.charAt(this.#at);
    if (character === ' ' || character === '\t' || character === '\r') this.#at++;
    else if (text.startsWith('\\\n', this.#at) || text.startsWith('\\\r\n', this.#at)) {
      this.#at = text.indexOf('\n', this.#at) + 1;
    } else if (character === '\n') this.#endLine();
    else if (character === '#') this.#skipComment();
    else if (';&|()'.includes(character)) this.#readOperator(character);
    else if (/^\d*[<>]/.test(text.slice(this.#at, this.#at + LONGEST_DESCRIPTOR))) this.#skipRedirection();
    else this.#readWord();
  }

  #readWord(): void {
    const word = shellWord(this.#text, this.#at);
    this.#at = Math.max(word.span.end, this.#at + 1);
    this.#words.push(word);
  }

  #endLine(): void {
    this.#endCommand();
    this.#chained = false;
    this.#at++;
    for (const { delimiter, indented } of this.#hereDocuments.splice(0)) {
      this.#at = hereDocumentEnd(this.#text, this.#at, delimiter, indented);
    }
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    const span = { start: this.#at, end: end === -1 ? this.#text.length : end };
    const lineStart = this.#text.lastIndexOf('\n', this.#at - 1) + 1;
    if (/^\s*$/.test(this.#text.slice(lineStart, span.start))) this.#comments.push(span);
    this.#endCommand();
    this.#at = span.end;
  }

  #readOperator(character: string): void {
    const isDouble = this.#text[this.#at + 1] === character && character !== '(' && character !== ')';
    const [first] = this.#words;
    if (character === ')' && first?.value === 'case') this.#endCommand();
    // A pattern is no command.
    if (character === ')' && this.#nesting.at(-1) === 'case') this.#words = [];
    this.#endCommand();
    if (character === '(') this.#nesting.push('subshell');
    if (character === ')' && this.#nesting.at(-1) === 'subshell') this.#nesting.pop();
    if (isDouble && character !== ';') this.#chained = true;
    else if (character === ';' || character === '&') this.#chained = false;
    this.#at += isDouble ? 2 : 1;
  }

  /** `2>&1`, `>> file`, `<<EOF`: neither the operator nor its word belongs to the command. */
  #skipRedirection(): void {
    const operator =
      /^\d*(?:<<<|<<-|<<|<>|<&|>&|>\||>>|<|>)/.exec(this.#text.slice(this.#at, this.#at + 20))?.[0] ?? '>';
    this.#at += operator.length;
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
    if (this.#at >= this.#text.length || '\n;&|()'.includes(this.#text.charAt(this.#at))) return;
    const word = shellWord(this.#text, this.#at);
    if (/^\d*<<-?$/.test(operator))
      this.#hereDocuments.push({ delimiter: word.value, indented: operator.endsWith('-') });
    this.#at = Math.max(word.span.end, this.#at + 1);
  }

  #endCommand(): void {
    const words = this.#withoutReserved(this.#words);
    this.#words = [];
    const last = words.at(-1);
    if (last) this.#commands.push({ words, end: Math.max(this.#at, last.span.end), unsure: this.#whyUnsure() });
  }

  /** Takes the shell's own words off the front of a command, and keeps count of what they open and close. */
  #withoutReserved(words: readonly Word[]): readonly Word[] {
    let at = 0;
    for (let word = words[at]; word !== undefined; word = words[at]) {
      const { value, span } = word;
      const isPlain = span.end - span.start === value.length;
      if (!isPlain) break;
      if (CLOSING.has(value)) this.#nesting.pop();
      const opened = Object.hasOwn(OPENING, value) ? OPENING[value] : undefined;
      if (opened) this.#nesting.push(opened);
      if (HEADS.has(value)) return [];
      if (value === 'function') at++;
      else if (!LEADING.has(value) && !CLOSING.has(value)) break;
      at++;
    }
    return words.slice(at);
  }

  #whyUnsure(): string | undefined {
    const innermost = this.#nesting.at(-1);
    if (innermost === 'group' || innermost === 'subshell') return 'it stands in a function or a group';
    if (innermost !== undefined) return innermost === 'loop' ? 'it stands in a loop' : 'it stands in a condition';
    return this.#chained ? 'it depends on the command before it' : undefined;
  }
}

interface HereDocument {
  readonly delimiter: string;
  readonly indented: boolean;
}

/** The number of a file descriptor before `<` or `>`. */
const LONGEST_DESCRIPTOR = 4;

/** Behind the line that ends a here-document. */
function hereDocumentEnd(text: string, start: number, delimiter: string, indented: boolean): number {
  let at = start;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, end).replace(/\r$/, '');
    at = Math.min(end + 1, text.length);
    if ((indented ? line.replace(/^\t+/, '') : line) === delimiter) break;
  }
  return at;
}
