/**
 * What iptables-restore refuses, by the names under which people look for it. The parser and the checks say that
 * something is refused, and why; here a refusal gets the code of its kind, a page, and a cure where there is one.
 */
import type { Family } from '../../../../src-sim/net/address';
import type { TableName } from '../../../../src-sim/netfilter/hook';
import { type Document, spanInDocument } from '../../analysis/document';
import type { Variant } from '../../analysis/variant';
import type { Line, Problem, RulePart, Span, Tree } from '../../syntax/tree';
import type { Severity, TextEdit } from '../finding';

export interface Refusal {
  /** Kebab-case: the code of its diagnostics. */
  readonly code: string;
  readonly title: string;
  readonly why: string;
  readonly instead: string;
  /** Codes of the problems that may be of this kind. */
  readonly of: readonly string[];
  /** Which of them are; all, where nothing is said. */
  when?(at: RefusedPlace): boolean;
  /** Where that of the problem is not right. */
  readonly severity?: Severity;
  fix?(at: RefusedPlace): RefusalFix | undefined;
  readonly examples: readonly RefusalExample[];
}

/** A fix of text that is refused: what packets it is for nobody could know before. */
export interface RefusalFix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  /** Whether there is one right answer. */
  readonly safe: boolean;
}

export interface RefusalExample {
  readonly code: string;
  /** The text after the first fix. */
  readonly fixed?: string;
  readonly family?: Family;
  /** Where one variant alone refuses it. */
  readonly refusedBy?: Variant;
  /** Where both load it, and one of them not as it is written; or where only this machine can say. */
  readonly loads?: true;
}

export interface RefusedPlace {
  readonly problem: Problem;
  readonly document: Document;
  readonly tree: Tree;
  /** From 0. */
  readonly number: number;
  readonly line: Line;
  /** What the problem marks. */
  readonly text: string;
  /** The part of the rule that the problem stands in. */
  readonly part: RulePart | undefined;
  readonly table: TableName | undefined;
}

export function defineRefusals(refusals: readonly Refusal[]): readonly Refusal[] {
  return refusals;
}

/** The name of the match or target that the problem is about. */
export function extensionAt({ part }: RefusedPlace): string | undefined {
  if (part === undefined || part.kind === 'unknown' || part.kind === 'general') return undefined;
  return part.kind === 'option' ? part.extension.name : (part.extension?.name ?? part.name?.value);
}

export function optionAt({ part }: RefusedPlace): string | undefined {
  return part?.kind === 'option' ? part.option : undefined;
}

export function partsAt({ line }: RefusedPlace): readonly RulePart[] {
  return line.kind === 'command' ? line.parts : [];
}

/** The number of the protocol that `-p` names, and the part that says so. */
export function protocolPart(at: RefusedPlace) {
  return partsAt(at).find((part) => part.kind === 'option' && part.option === 'protocol');
}

export function hasProtocol(at: RefusedPlace): boolean {
  const part = protocolPart(at);
  return part?.kind === 'option' && part.value !== 0;
}

/** @param span within the line */
export function edit({ document, number }: RefusedPlace, span: Span, text: string): TextEdit {
  return { span: spanInDocument(document, number, span), text };
}

/** Lines in the place of the one, with its line ending. */
export function linesInPlace(at: RefusedPlace, lines: readonly string[]): TextEdit {
  const { text } = at.line;
  const ending = /\r?\n$/.exec(text)?.[0] ?? '';
  return edit(at, { start: 0, end: text.length - ending.length }, lines.join(ending === '' ? '\n' : ending));
}
