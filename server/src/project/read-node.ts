/** Reads a YAML node as its declaration says: what is right becomes plain data, what is not is told at its place. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { problem } from '../syntax/problem';
import { suggesting } from '../syntax/suggest';
import type { Problem, Span } from '../syntax/tree';
import { FLAG_WORDS, type RecordShape, type Shape } from './shape';

export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Takes what is wrong. */
export type Complain = (problem: Problem) => void;

/** @returns undefined where nothing of it can be used */
export function readNode(node: unknown, shape: Shape, complain: Complain): Plain | undefined {
  if (isAlias(node)) {
    complain(badValue(node, 'an alias is not followed: write the value itself'));
    return undefined;
  }
  switch (shape.kind) {
    case 'list':
      return readList(node, shape.of, complain);
    case 'map':
      return readMap(node, shape, complain);
    case 'record':
      return readRecord(node, shape, complain);
    default:
      return readScalar(node, shape, complain);
  }
}

function readScalar(
  node: unknown,
  shape: Exclude<Shape, { readonly kind: 'list' | 'map' | 'record' }>,
  complain: Complain,
): Plain | undefined {
  // The text as it stands there: `6.10` is a release, and no number.
  const text = isScalar(node) && node.value !== null ? (node.source ?? String(node.value)) : undefined;
  if (text === undefined) {
    complain(badValue(node, isScalar(node) ? 'a value is missing' : 'this must be a single value'));
    return undefined;
  }
  const refused = (message: string, names: Iterable<string> = []) => {
    complain(suggesting(badValue(node, message), text, names));
    return undefined;
  };
  switch (shape.kind) {
    case 'text': {
      const refusal = shape.refuses?.(text);
      return refusal === undefined ? text : refused(refusal);
    }
    case 'choice': {
      const choices = Object.keys(shape.choices);
      return choices.includes(text) ? text : refused(`"${text}" is none of ${choices.join(', ')}`, choices);
    }
    case 'flag':
      return Object.hasOwn(FLAG_WORDS, text) ? (FLAG_WORDS[text] ?? false) : refused(`"${text}" is neither yes nor no`);
    case 'number-or-text':
      return isScalar(node) && typeof node.value === 'number' ? node.value : text;
  }
}

function readList(node: unknown, of: Shape, complain: Complain): readonly Plain[] {
  const items = isSeq(node) ? node.items : [node];
  return items.flatMap((item) => {
    const value = readNode(item, of, complain);
    return value === undefined ? [] : [value];
  });
}

function readMap(node: unknown, shape: Extract<Shape, { kind: 'map' }>, complain: Complain): Plain | undefined {
  return readPairs(node, complain, ({ name, key, value }) => {
    const refusal = shape.refusesKey?.(name);
    if (refusal !== undefined) complain(badValue(key, refusal));
    else return readNode(value, shape.of, complain);
  });
}

function readRecord(node: unknown, { keys, required = [] }: RecordShape, complain: Complain): Plain | undefined {
  const seen = new Set<string>();
  const read = readPairs(node, complain, ({ name, key, value }) => {
    seen.add(name);
    const declared = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (declared) return readNode(value, declared.value, complain);
    const names = Object.keys(keys);
    complain(suggesting(problem(spanOf(key), 'unknown-key', `"${name}" is no key here`, 'warning'), name, names));
  });
  for (const name of required) {
    if (read !== undefined && !seen.has(name)) complain(badValue(node, `"${name}" is missing`));
  }
  return read;
}

interface NamedPair {
  readonly name: string;
  readonly key: unknown;
  readonly value: unknown;
}

function readPairs(
  node: unknown,
  complain: Complain,
  read: (pair: NamedPair) => Plain | undefined,
): { readonly [key: string]: Plain } | undefined {
  if (!isMap(node)) {
    complain(badValue(node, 'here must stand keys with their values'));
    return undefined;
  }
  const entries = pairsOf(node).map((pair) => {
    if (!isMissing(pair.value)) return [pair.name, read(pair)] as const;
    complain(badValue(pair.key, `"${pair.name}" needs a value`));
    return [pair.name, undefined] as const;
  });
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, Plain] & [string, Plain] => entry[1] !== undefined),
  );
}

function pairsOf({ items }: YAMLMap): readonly NamedPair[] {
  return items.map(({ key, value }: Pair) => {
    const name = isScalar(key) ? (key.source ?? String(key.value)) : '';
    return { name, key, value };
  });
}

function isMissing(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function badValue(node: unknown, message: string): Problem {
  return problem(spanOf(node), 'bad-value', message, 'warning');
}

function spanOf(node: unknown): Span {
  const range = (node as Node | undefined)?.range;
  return range ? { start: range[0], end: range[1] } : { start: 0, end: 0 };
}
