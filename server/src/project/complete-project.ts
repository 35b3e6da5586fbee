/**
 * Completion in `chainwalk.yaml`. While somebody types, the text is seldom whole YAML: where the cursor stands is told
 * by the lines above and their indentation, as a person would.
 */
import type { Completion, Completions } from '../features/completion';
import { PROJECT_FILE } from './file-shape';
import { FLAG_WORDS, type KeyShape, type Shape } from './shape';

/** A key, or `-`, that encloses what follows it with more indentation. */
interface Frame {
  readonly indent: number;
  readonly key: string;
}

const ITEM = '-';
const LINE = /^( *)((?:- +)*)([\w./-]+):(?: +(.*))?$/;
const LIST_ITEM = /^( *)((?:- +)*-)(?: +(.*))?$/;

export function completeProject(text: string, offset: number): Completions | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (before.trimStart().startsWith('#')) return undefined;
  const above = text.slice(0, lineStart).split('\n').slice(0, -1).reduce(pushLine, []);
  const [, indent = '', dashes = '', rest = ''] = /^( *)((?:- +)*)(.*)$/.exec(before) ?? [];
  const here = pushDashes(above, indent.length, dashes);
  const keyed = /^([\w./-]+): +(\S*)$/.exec(rest);
  if (keyed) {
    const [, key = '', written = ''] = keyed;
    const shape = follow(shapeAt(here, indent.length + dashes.length), key);
    return shape && { replaces: { start: offset - written.length, end: offset }, items: valueItems(shape) };
  }
  if (!/^[\w./-]*$/.test(rest)) return undefined;
  const shape = shapeAt(here, indent.length + dashes.length);
  return shape && { replaces: { start: offset - rest.length, end: offset }, items: itemsFor(shape) };
}

function pushLine(frames: readonly Frame[], line: string): readonly Frame[] {
  const withKey = LINE.exec(line);
  if (withKey) {
    const [, indent = '', dashes = '', key = ''] = withKey;
    const at = indent.length + dashes.length;
    return [...outside(pushDashes(frames, indent.length, dashes), at), { indent: at, key }];
  }
  const item = LIST_ITEM.exec(line);
  return item ? pushDashes(frames, item[1]?.length ?? 0, item[2] ?? '') : frames;
}

/** Items may stand as far out as the key that they belong to. */
function pushDashes(frames: readonly Frame[], indent: number, dashes: string): readonly Frame[] {
  return [...dashes.matchAll(/-/g)].reduce<readonly Frame[]>((all, dash) => {
    const at = indent + dash.index;
    const enclosing = all.filter((frame) => frame.indent < at || (frame.indent === at && frame.key !== ITEM));
    return [...enclosing, { indent: at, key: ITEM }];
  }, frames);
}

function outside(frames: readonly Frame[], indent: number): readonly Frame[] {
  return frames.filter((frame) => frame.indent < indent);
}

function shapeAt(frames: readonly Frame[], indent: number): Shape | undefined {
  return outside(frames, indent).reduce<Shape | undefined>(
    (shape, { key }) => shape && follow(shape, key),
    PROJECT_FILE,
  );
}

function follow(shape: Shape | undefined, key: string): Shape | undefined {
  if (shape === undefined) return undefined;
  if (key === ITEM) return shape.kind === 'list' ? shape.of : undefined;
  switch (shape.kind) {
    case 'record':
      return Object.hasOwn(shape.keys, key) ? shape.keys[key]?.value : undefined;
    case 'map':
      return shape.of;
    // A list of one may be written as that one.
    case 'list':
      return follow(shape.of, key);
    default:
      return undefined;
  }
}

function itemsFor(shape: Shape): readonly Completion[] {
  if (shape.kind === 'record') return Object.entries(shape.keys).map(keyItem);
  return shape.kind === 'list' && shape.of.kind === 'record' ? itemsFor(shape.of) : valueItems(shape);
}

function keyItem([name, { summary, value }]: readonly [string, KeyShape]): Completion {
  const text = value.kind === 'record' || value.kind === 'map' ? `${name}:` : `${name}: `;
  return { kind: 'hint', label: name, detail: placeholderOf(value), documentation: summary, text };
}

function valueItems(shape: Shape): readonly Completion[] {
  if (shape.kind === 'list') return valueItems(shape.of);
  const choices = shape.kind === 'choice' ? shape.choices : shape.kind === 'flag' ? FLAGS : {};
  return Object.entries(choices).map(([label, detail]) => ({ kind: 'value', label, detail, documentation: '' }));
}

const FLAGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(FLAG_WORDS)
    .slice(0, 2)
    .map((word) => [word, '']),
);

function placeholderOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
    case 'number-or-text':
      return shape.placeholder;
    case 'choice':
      return Object.keys(shape.choices).join(' | ');
    case 'flag':
      return Object.keys(FLAGS).join(' | ');
    case 'list':
      return placeholderOf(shape.of);
    case 'map':
      return shape.key;
    case 'record':
      return '';
  }
}
