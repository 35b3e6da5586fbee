/**
 * The canonical form of a ruleset: what iptables-save would print after the file was loaded, with the file's comments,
 * blank lines and counters, its rules in their order. Where something is not understood nothing is changed.
 */
import { problem } from '../syntax/problem';
import type { Line, Tree } from '../syntax/tree';
import { blocksOf } from './blocks';
import { allProblems } from './check';
import type { Document } from './document';
import { type BlockToFormat, blockToFormat, formatBlock, type LineEdit } from './format-block';
import { formatListing } from './format-listing';
import type { LocatedProblem } from './located-problem';
import { lower } from './lower';
import { isNotLoaded } from './lower-rule';
import { refuses, USUAL_VARIANT, type Variant } from './variant';

export type { LineEdit } from './format-block';

export type Formatted =
  /** Edits of whole lines, in their order; every one changes something. */
  | { readonly kind: 'formatted'; readonly edits: readonly LineEdit[] }
  | { readonly kind: 'refused'; readonly problem: LocatedProblem };

export interface FormatOptions {
  readonly variant?: Variant;
  /**
   * iptables-save declares every built-in chain. Where a file is a part of ufw's, which is loaded into tables that are
   * there already, the line would set the policy that ufw has set: it is left out where the file itself is written.
   */
  readonly inPlace?: boolean;
  /** Lines from `start` to `end` alone, from 0. */
  readonly lines?: { readonly start: number; readonly end: number };
}

export function format(document: Document, options: FormatOptions = {}): Formatted {
  const { tree } = document;
  if (tree.dress !== undefined) return formatDressed(document, options);
  const blocks = blocksOf(tree).blocks.map((block) => blockToFormat(tree, block));
  const refusal = firstRefusal(document, blocks, options);
  if (refusal) return { kind: 'refused', problem: refusal };
  const edits = blocks.flatMap((block) => formatBlock(block, !(options.inPlace && isPartOfUfw(block))));
  const wanted = edits.filter((edit) => isWithin(edit, options) && edit.text !== textOf(tree, edit));
  return { kind: 'formatted', edits: wanted };
}

/** A listing has a canonical form of its own; a script and a template are more than their rules. */
function formatDressed(document: Document, options: FormatOptions): Formatted {
  const { tree } = document;
  if (tree.dress !== 'listing') {
    const message = `a ${tree.dress} has no canonical form: only who runs it knows its rules`;
    return { kind: 'refused', problem: { ...problem({ start: 0, end: 0 }, 'not-understood', message), line: 0 } };
  }
  const whole: BlockToFormat = { offset: 0, lines: tree.lines, ruleset: lower(tree) };
  const refusal = firstRefusal(document, [whole], options);
  if (refusal) return { kind: 'refused', problem: refusal };
  const edits = formatListing(tree);
  return {
    kind: 'formatted',
    edits: edits.filter((edit) => isWithin(edit, options) && edit.text !== textOf(tree, edit)),
  };
}

/** The whole text with the edits made. */
export function applyEdits({ tree }: Document, edits: readonly LineEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of edits) {
    parts.push(textOf(tree, { start: at, end: edit.start }), edit.text);
    at = edit.end;
  }
  return [...parts, textOf(tree, { start: at, end: tree.lines.length })].join('');
}

function textOf({ lines }: Tree, { start, end }: Pick<LineEdit, 'start' | 'end'>): string {
  return lines
    .slice(start, end)
    .map((line) => line.text)
    .join('');
}

function isWithin({ start, end }: LineEdit, { lines }: FormatOptions): boolean {
  return lines === undefined || (lines.start <= start && end <= lines.end);
}

function isPartOfUfw({ lines }: BlockToFormat): boolean {
  return lines.some((line) => line.kind === 'chain' && /^ufw6?-/.test(line.name?.value ?? ''));
}

/** What iptables would refuse, and what it would accept but cannot be printed. */
function firstRefusal(
  document: Document,
  blocks: readonly BlockToFormat[],
  { variant = USUAL_VARIANT, lines }: FormatOptions,
): LocatedProblem | undefined {
  const isAsked = (line: number) => lines === undefined || (lines.start <= line && line < lines.end);
  const found = [
    ...allProblems(document).filter((one) => refuses(variant, one) || LOSES_BYTES.has(one.code)),
    ...document.tree.lines.flatMap((line, number) => lossOf(line, number, document)),
    ...blocks.flatMap(unprintable),
  ];
  return found.filter(({ line }) => isAsked(line)).sort((a, b) => a.line - b.line)[0];
}

/** Accepted, and yet iptables itself does not read all of the line, or the machine that loads it decides what it is. */
const LOSES_BYTES: ReadonlySet<string> = new Set([
  'zero-byte',
  'open-quote',
  'host-name',
  'not-in-restore',
  'carriage-return',
]);

function lossOf(line: Line, number: number, { tree }: Document): readonly LocatedProblem[] {
  if (line.kind !== 'command' || !isNotLoaded(line, tree.family)) return [];
  const message = 'this line is for the other family: a file for both has no one canonical form';
  return [{ ...problem(line.flag.span, 'other-family', message), line: number }];
}

/** Rules of which a word is not understood. */
function unprintable({ offset, lines, ruleset }: BlockToFormat): readonly LocatedProblem[] {
  return ruleset.tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) =>
      rules.flatMap(({ matches, target, line }) => {
        const unknown =
          matches.find((use) => use.unknown !== undefined)?.unknown ??
          (target.kind === 'target' ? target.unknown : undefined);
        if (unknown === undefined) return [];
        const span = { start: 0, end: lines[line]?.text.trimEnd().length ?? 0 };
        return [{ ...problem(span, 'not-understood', unknown), line: offset + line }];
      }),
    ),
  );
}
