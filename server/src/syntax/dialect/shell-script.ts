/**
 * A shell script as lines of a tree: each command of iptables is one, wherever its words stand, and what lies between
 * is foreign. A script may speak to both families, so that it gives a tree for each that it speaks to.
 */
import type { Family } from '../../../../src-sim/net/address';
import { commandLine } from '../parse';
import type { CommentLine, Line, Span, Tree, Word } from '../tree';
import type { DressedText } from './dialect';
import { type IptablesCommand, iptablesCommands } from './iptables-commands';
import { shellCommands } from './shell-commands';

/** A script beyond this is no firewall. */
const LONGEST_SCRIPT = 2_000_000;

export function readShellScript(text: string): DressedText {
  const { commands, comments } = shellCommands(text.length > LONGEST_SCRIPT ? '' : text);
  const pieces = [
    ...comments.map((span): Piece => ({ span, line: commentLine(text, span), family: undefined })),
    ...iptablesCommands(commands).map((command) => commandPiece(text, command)),
  ].sort((a, b) => a.span.start - b.span.start);
  const families = new Set(pieces.flatMap(({ family }) => family ?? []));
  const [first = 'ipv4', ...others] = families;
  const { starts } = tile(text, pieces, first);
  const treeOf = (family: Family): Tree => ({
    family,
    lines: tile(text, pieces, family).lines,
    dress: 'script',
    chainsElsewhere: 'any',
  });
  return { trees: [treeOf(first), ...others.map(treeOf)], starts };
}

interface Piece {
  readonly span: Span;
  readonly line: Line;
  /** Undefined where it belongs to every family's tree. */
  readonly family: Family | undefined;
}

function commentLine(text: string, { start, end }: Span): CommentLine {
  const own = text.slice(start, end);
  return { kind: 'comment', text: own, problems: [], comment: { span: { start: 0, end: own.length }, value: own } };
}

function commandPiece(text: string, command: IptablesCommand): Piece {
  const { program, family } = command;
  const span = { start: program.span.start, end: command.end };
  const own = text.slice(span.start, span.end);
  const read = (as: Family) => readCommand(own, span.start, command, as);
  if (family) return { span, line: read(family), family };
  // Nobody says which program the variable holds: the family in which the words make sense.
  const ipv4 = read('ipv4');
  const isIpv6 = errorsOf(ipv4) > 0 && errorsOf(read('ipv6')) < errorsOf(ipv4);
  return isIpv6 ? { span, line: read('ipv6'), family: 'ipv6' } : { span, line: ipv4, family: 'ipv4' };
}

function errorsOf({ problems }: Line): number {
  return problems.filter(({ severity }) => severity === 'error').length;
}

function readCommand(own: string, start: number, command: IptablesCommand, family: Family): Line {
  const { program, brought, unsure } = command;
  const first = moved(program, start);
  const words = [
    ...brought.map((value): Word => ({ span: { start: first.span.end, end: first.span.end }, value })),
    ...command.words.map((word) => moved(word, start)),
  ];
  // Only its name: the rest is still to be written, or it is a question whether there is such a program.
  if (words.length === 0) return { kind: 'unknown', text: own, problems: [], word: first };
  const line = commandLine(own, words, { family, first, problems: [], onCommandLine: true });
  return line.kind === 'command' && unsure !== undefined ? { ...line, unsure } : line;
}

function moved(word: Word, by: number): Word {
  return { ...word, span: { start: word.span.start - by, end: word.span.end - by } };
}

/** Fills the gaps between the pieces, so that the lines' texts joined are the script. */
function tile(text: string, pieces: readonly Piece[], family: Family): { lines: Line[]; starts: number[] } {
  const lines: Line[] = [];
  const starts: number[] = [];
  let at = 0;
  const add = (line: Line) => {
    starts.push(at);
    lines.push(line);
    at += line.text.length;
  };
  for (const { span, line, family: own } of pieces) {
    if (at < span.start) add(foreign(text.slice(at, span.start)));
    add(own === undefined || own === family ? line : { kind: 'foreign', text: line.text, problems: [] });
  }
  if (at < text.length || lines.length === 0) add(foreign(text.slice(at)));
  return { lines, starts };
}

/** Blanks and line ends alone do not part a comment from the command below it. */
function foreign(text: string): Line {
  return { kind: text.trim() === '' ? 'blank' : 'foreign', text, problems: [] };
}
