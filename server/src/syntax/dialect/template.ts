/**
 * A template of a restore file, line by line. Tags that steer it are read as blanks; words with something to be filled
 * in are opaque. A line that is a tag and nothing else may become any number of lines, or none.
 */
import type { Family } from '../../../../src-sim/net/address';
import { commandLine, contentEnd, parseLine, splitLines } from '../parse';
import { readChainLine, readTableLine } from '../parse-header';
import { readCounters } from '../read-counters';
import { splitWords } from '../token';
import type { ChainLine, Line, Problem, TableLine, Word } from '../tree';
import { type DressedText, lineStartsOf } from './dialect';
import { type Tag, templateTags } from './template-tags';

/** Stands in the place of a tag's every character while words are split; no ruleset holds it. */
const PLACE_HOLDER = '\uE000';

export function readTemplate(text: string, family: Family): DressedText {
  const tags = templateTags(text);
  const masked = splitLines(mask(text, tags));
  const lines = splitLines(text).map((line, number) => readLine(line, masked[number] ?? line, family));
  const leavesOpen = tags.some(({ kind }) => kind === 'lines') || lines.some(isOpenLine);
  const withConditions = markConditions(lines, text, tags);
  const tree = { family, lines: withConditions, dress: 'template' as const };
  return {
    trees: [leavesOpen ? { ...tree, chainsElsewhere: 'any' as const } : tree],
    starts: lineStartsOf(lines),
  };
}

/** The text with its tags made blank or unreadable; every character keeps its place. */
function mask(text: string, tags: readonly Tag[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, kind } of tags) {
    const stands = kind === 'control' ? ' ' : PLACE_HOLDER;
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\r\n]/g, stands));
    at = end;
  }
  return [...parts, text.slice(at)].join('');
}

/** A line that becomes lines nobody sees here, or a chain whose name is still to be filled in. */
function isOpenLine(line: Line): boolean {
  if (line.kind === 'foreign') return line.text.includes('{{') || line.text.includes('<%=') || /[$@]/.test(line.text);
  return line.kind === 'chain' && line.name?.opaqueFrom !== undefined;
}

function readLine(line: string, masked: string, family: Family): Line {
  if (line === masked) return parseLine(line, family);
  const end = contentEnd(line);
  const start = masked.slice(0, end).search(/[^ \t]/);
  if (start === -1) return { kind: 'foreign', text: line, problems: [] };
  switch (masked.charAt(start)) {
    case '#':
      return parseLine(line, family);
    case '*':
      return tableLine(line, masked, start, end);
    case ':':
      return chainLine(line, masked, start, end);
    default:
      return ruleLine(line, masked, start, end, family);
  }
}

function tableLine(line: string, masked: string, start: number, end: number): TableLine {
  const problems: Problem[] = [];
  const read = readTableLine(masked, start, end, problems);
  return { ...read, text: line, name: read.name && unmasked(read.name, line) };
}

function chainLine(line: string, masked: string, start: number, end: number): ChainLine {
  const problems: Problem[] = [];
  const read = readChainLine(masked, start, end, problems);
  const own = (word: Word | undefined) => word && unmasked(word, line);
  const isOpen = masked.includes(PLACE_HOLDER);
  return { ...read, text: line, name: own(read.name), policy: own(read.policy), problems: isOpen ? [] : read.problems };
}

function ruleLine(line: string, masked: string, start: number, end: number, family: Family): Line {
  const counted = readCounters(masked, start, end);
  const words = splitWords(masked, counted.end, end).words.map((word) => unmasked(word, line));
  const [first] = words;
  // A place-holder alone: whole rules may come of it.
  if (first === undefined || first.opaqueFrom === 0) return { kind: 'foreign', text: line, problems: [] };
  return commandLine(line, words, { family, first, problems: counted.problems, counters: counted.counters });
}

function unmasked(word: Word, line: string): Word {
  const opaqueFrom = word.value.indexOf(PLACE_HOLDER);
  if (opaqueFrom === -1) return word;
  const { start, end } = word.span;
  const own = line.slice(start, end);
  // Quotes within are the tag's, and a quote around it ends with it.
  return { span: word.span, value: own.startsWith('"') ? own.slice(1).replace(/"$/, '') : own, opaqueFrom };
}

/** What stands between a tag that opens a condition and the one that ends it may not be there. */
function markConditions(lines: readonly Line[], text: string, tags: readonly Tag[]): readonly Line[] {
  let depth = 0;
  let next = 0;
  let end = 0;
  return lines.map((line) => {
    end += line.text.length;
    let deepest = depth;
    for (let tag = tags[next]; tag !== undefined && tag.start < end; tag = tags[++next]) {
      depth = Math.max(0, depth + stepOf(text.slice(tag.start, tag.end)));
      deepest = Math.max(deepest, depth);
    }
    return line.kind === 'command' && deepest > 0
      ? { ...line, unsure: 'the template decides whether it is there' }
      : line;
  });
}

/** What a control tag does to the depth of conditions and loops. */
function stepOf(tag: string): number {
  if (
    /^(?:\{%[-+]?\s*(?:if|for|block|macro|call|filter|with)\b|\{\{[-~]?\s*(?:#|(?:if|range|with|define|block)\b))/.test(
      tag,
    )
  )
    return 1;
  if (/^(?:\{%[-+]?\s*end\w+|\{\{[-~]?\s*(?:\/(?!\*)|end\b)|<%-?\s*(?:end\b|\}))/.test(tag)) return -1;
  return /^<%-?(?!=)[\s\S]*(?:\bdo\b(?:\s*\|[^|]*\|)?|\{(?:\s*\|[^|]*\|)?)\s*-?%>$|^<%-?\s*(?:if|unless|case|for|while)\b/.test(
    tag,
  )
    ? 1
    : 0;
}
