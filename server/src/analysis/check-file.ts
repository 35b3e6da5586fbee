/** The frame of a restore file: blocks with COMMIT, tables by name, line endings. */
import { TABLES } from '../../../src-sim/netfilter/hook';
import { isOpaque } from '../syntax/opaque';
import { parseLine } from '../syntax/parse';
import { problem } from '../syntax/problem';
import { suggesting } from '../syntax/suggest';
import type { Line, Span, TableLine, Tree } from '../syntax/tree';
import { type Block, blocksOf, linesOf, tableWord } from './blocks';
import type { LocatedProblem } from './located-problem';

export function checkFile(tree: Tree): readonly LocatedProblem[] {
  if (tree.dress === 'template') return [];
  if (tree.dress !== undefined) return blocksOf(tree).blocks.flatMap((block) => unknownTable(tree, block));
  const { blocks, outside } = blocksOf(tree);
  return [
    ...(commandList(tree) ?? outside.flatMap((number) => outsideProblem(tree, number))),
    ...blocks.flatMap((block) => blockProblems(tree, block)),
    ...lastNewline(tree),
    ...carriageReturns(tree),
  ];
}

/** A file of commands alone, as `iptables -S` prints them: one problem says it all. */
function commandList(tree: Tree): readonly LocatedProblem[] | undefined {
  const { blocks, outside } = blocksOf(tree);
  const [first] = outside;
  const line = first === undefined ? undefined : tree.lines[first];
  if (line === undefined || first === undefined || blocks.length > 0) return undefined;
  if (outside.length < 2 || !outside.every((number) => tree.lines[number]?.kind === 'command')) return undefined;
  const message =
    'commands without a table, as iptables -S prints them: for iptables-restore put *filter before them and COMMIT behind';
  return [{ ...problem(wholeLine(line), 'outside-table', message), line: first }];
}

/** `-t filtre`, wherever commands say so. */
function unknownTable(tree: Tree, block: Block): readonly LocatedProblem[] {
  if (block.table !== undefined) return [];
  return [...linesOf(block)].flatMap((number) => {
    const line = tree.lines[number];
    const word = line?.kind === 'command' ? tableWord(line) : undefined;
    if (word === undefined || isOpaque(word)) return [];
    const unknown = problem(word.span, 'unknown-table', `there is no table "${word.value}"`);
    return [{ ...suggesting(unknown, word.value, TABLES), line: number }];
  });
}

function outsideProblem(tree: Tree, number: number): readonly LocatedProblem[] {
  const line = tree.lines[number];
  if (line === undefined) return [];
  const message =
    line.kind === 'commit'
      ? 'COMMIT without a table: none is open here'
      : 'this stands in no table: a block begins with *TABLE and ends with COMMIT';
  return [{ ...problem(wholeLine(line), 'outside-table', message), line: number }];
}

function blockProblems(tree: Tree, block: Block): readonly LocatedProblem[] {
  const { header, start } = block;
  if (header === undefined) return [];
  const found: LocatedProblem[] = [];
  if (header.name && block.table === undefined) {
    const name = header.name.value;
    const unknown = problem(header.name.span, 'unknown-table', `there is no table "${name}"`);
    found.push({ ...suggesting(unknown, name, TABLES), line: start });
  }
  if (block.commit === undefined) found.push(missingCommit(tree, header, block));
  return found;
}

/** Where iptables-restore misses it: at the next table, or at the end of the file. */
function missingCommit({ lines }: Tree, header: TableLine, { start, end }: Block): LocatedProblem {
  const number = Math.min(end, lines.length - 1);
  const line = lines[number] ?? header;
  const name = header.name?.value ?? '';
  const place = line.kind === 'table' && number > start ? ' before this line' : '';
  const message = `COMMIT is missing${place}: nothing of table ${name}, which line ${start + 1} opens, is loaded`;
  return { ...problem(wholeLine(line), 'missing-commit', message), line: number };
}

/** iptables-legacy compares the line with "COMMIT\n". */
function lastNewline(tree: Tree): readonly LocatedProblem[] {
  const number = tree.lines.length - 1;
  const last = tree.lines[number];
  if (last?.kind !== 'commit') return [];
  const message = 'iptables-legacy-restore does not know a COMMIT without a newline behind it';
  return [{ ...problem(wholeLine(last), 'missing-newline', message, 'warning'), refusedBy: 'legacy', line: number }];
}

/** One problem for the file, at the first line that is refused for it; or at the first that quietly takes it in. */
function carriageReturns(tree: Tree): readonly LocatedProblem[] {
  let quiet: LocatedProblem | undefined;
  let number = -1;
  for (const line of tree.lines) {
    number += 1;
    if (!line.text.endsWith('\r\n') || line.kind === 'comment') continue;
    const end = line.text.length - 1;
    const span = { start: end - 1, end };
    if (isRefusedWithReturn(line, tree)) {
      const message = 'a line ends with a carriage return, which iptables-restore reads as part of its last word';
      return [{ ...problem(span, 'carriage-return', `${message}: save the file with LF line endings`), line: number }];
    }
    const message = 'iptables-restore takes the carriage return at the end of this line for part of its last word';
    quiet ??= { ...problem(span, 'carriage-return', message, 'warning'), line: number };
  }
  return quiet && quiet.line !== undefined && tree.lines[quiet.line]?.kind === 'command' ? [quiet] : [];
}

function isRefusedWithReturn(line: Line, tree: Tree): boolean {
  if (line.kind === 'chain') return line.counters === undefined;
  if (line.kind !== 'command') return true;
  const errors = (candidate: Line) => candidate.problems.filter((one) => one.severity === 'error').length;
  return errors(parseLine(line.text.slice(0, -1), tree.family)) > errors(line);
}

function wholeLine(line: Line): Span {
  const { text } = line;
  const start = text.length - text.trimStart().length;
  return { start, end: Math.max(start, text.trimEnd().length) };
}
