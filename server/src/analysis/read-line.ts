/** Reads a line of a ruleset: by its shape, where lines like it have been read before, or else with the parser. */
import type { Family } from '../../../src-sim/net/address';
import { contentEnd, parseLine } from '../syntax/parse';
import { readCounters } from '../syntax/read-counters';
import { exceedsBytes, MAX_LINE_BYTES, splitWords } from '../syntax/token';
import type { Line } from '../syntax/tree';
import { KnownChain } from './known-chain';
import { shapeOf } from './rule-shape';
import { ShapeTree } from './shape-tree';

/** What has been learnt of one file serves the next: it depends on nothing but the declarations. */
const SHAPES: Readonly<Record<Family, ShapeTree>> = { ipv4: new ShapeTree('ipv4'), ipv6: new ShapeTree('ipv6') };

/** @param text one line, with its ending */
export function readLine(text: string, family: Family): Line {
  const chain = KnownChain.of(text);
  if (chain) return chain;
  const end = contentEnd(text);
  const start = ruleStart(text, end);
  if (start === undefined) return parseLine(text, family);
  const shapes = SHAPES[family];
  const known = shapes.find(text, start, end);
  if (known) return known;
  const own = copyOf(text);
  const line = parseLine(own, family);
  if (line.kind !== 'command') return line;
  const { words } = splitWords(own, start, end);
  const shape = shapeOf(line, words, family);
  if (shape === undefined) return line;
  shapes.learn(shape, words);
  return shapes.find(text, start, end) ?? line;
}

/** Where the rule of a line begins that may be one, behind its counters. */
function ruleStart(text: string, end: number): number | undefined {
  const first = text.charCodeAt(0);
  if ((first !== DASH && first !== BRACKET) || exceedsBytes(text, MAX_LINE_BYTES) || text.includes('\0')) {
    return undefined;
  }
  if (first === DASH) return 0;
  const counted = readCounters(text, 0, end);
  return counted.problems.length > 0 ? undefined : counted.end;
}

const DASH = 0x2d;
const BRACKET = 0x5b;

/** A line is cut out of its file's text, which stays in memory as long as it does: what is learnt stays for ever. */
function copyOf(text: string): string {
  return ` ${text}`.slice(1);
}
