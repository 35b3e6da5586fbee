/** Where a rule stands in the text, and how a line is put beside it. */

import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { type Document, spanInDocument } from '../analysis/document';
import { findChain } from '../analysis/find-chain';
import type { RuleRef } from '../analysis/rule-packets';
import type { Decision } from '../analysis/set-walk';
import type { CommandLine, MatchPart, OptionPart, Span, TargetPart } from '../syntax/tree';
import type { TextEdit } from './finding';

const STATE_OPTIONS: readonly string[] = ['ctstate', 'state'];

/** `-j NOTRACK` with the target's options, or the whole rule where it has no target. */
export function targetSpan(document: Document, ref: RuleRef): Span {
  const line = commandLine(document, ref);
  const target = line?.parts.find((part): part is TargetPart => part.kind === 'jump' || part.kind === 'goto');
  if (line === undefined || target === undefined) return ruleSpan(document, ref);
  const index = line.parts.indexOf(target);
  const options = line.parts.filter((part): part is OptionPart => part.kind === 'option' && part.owner === index);
  const ends = [target.name?.span.end ?? target.flag.span.end, ...options.map(optionEnd)];
  return spanInDocument(document, ref.rule.line, { start: target.flag.span.start, end: Math.max(...ends) });
}

/** The rule from its `-A` to its last word. */
export function ruleSpan(document: Document, ref: RuleRef): Span {
  const line = document.tree.lines[ref.rule.line];
  const text = line?.text.trimEnd() ?? '';
  const start = line?.kind === 'command' ? line.flag.span.start : 0;
  return spanInDocument(document, ref.rule.line, { start, end: text.length });
}

/** `--ctstate NEW` with its `!`; the whole rule where it asks for no state. */
export function stateSpan(document: Document, ref: RuleRef): Span {
  const parts = commandLine(document, ref)?.parts ?? [];
  const part = parts.find((part): part is OptionPart => part.kind === 'option' && STATE_OPTIONS.includes(part.option));
  if (part === undefined) return ruleSpan(document, ref);
  const start = (part.bang ?? part.flag).span.start;
  return spanInDocument(document, ref.rule.line, { start, end: optionEnd(part) });
}

/** A line without its indentation and its end. */
export function lineSpan(document: Document, line: number): Span {
  const text = document.tree.lines[line]?.text ?? '';
  return spanInDocument(document, line, { start: text.length - text.trimStart().length, end: text.trimEnd().length });
}

/** The line `:INPUT DROP [0:0]` of a chain. */
export function policySpan(document: Document, { table, hook }: Pick<Decision, 'table' | 'hook'>): Span | undefined {
  let current: string | undefined;
  for (const [number, line] of document.tree.lines.entries()) {
    if (line.kind === 'table') current = line.name?.value;
    if (line.kind === 'chain' && current === table && line.name?.value === hook) {
      return lineSpan(document, number);
    }
  }
  return undefined;
}

/** What decided: the rule at the end of its path, or the policy. */
export function decisionSpan(document: Document, decision: Decision): Span | undefined {
  const last = decision.path.at(-1);
  return last ? ruleSpan(document, last) : policySpan(document, decision);
}

/** Puts a line behind the rule's; undefined where the order of the text is not the order of the rules. */
export function lineAfter(document: Document, ref: RuleRef, text: string): TextEdit | undefined {
  return insertion(document, ref, text, 'after');
}

export function lineBefore(document: Document, ref: RuleRef, text: string): TextEdit | undefined {
  return insertion(document, ref, text, 'before');
}

/**
 * Takes a match with all its options out of a rule: `-m conntrack --ctstate NEW `. Undefined where the rule has it not
 * just once.
 */
export function withoutMatch(document: Document, ref: RuleRef, names: readonly string[]): TextEdit | undefined {
  const line = commandLine(document, ref);
  const parts = line?.parts ?? [];
  const found = parts.filter(
    (part): part is MatchPart => part.kind === 'match' && names.includes(part.name?.value ?? ''),
  );
  const [match] = found;
  if (line === undefined || match === undefined || found.length !== 1) return undefined;
  const options = parts.filter(
    (part): part is OptionPart => part.kind === 'option' && part.owner === parts.indexOf(match),
  );
  const end = Math.max(match.name?.span.end ?? match.flag.span.end, ...options.map(optionEnd));
  const gap = /^\s*/.exec(line.text.slice(end))?.[0].length ?? 0;
  const span = spanInDocument(document, ref.rule.line, { start: match.flag.span.start, end: end + gap });
  return { span, text: '' };
}

/** Puts a rule at the head of the raw table's own, with the table where there is none. */
export function firstInRaw(document: Document, rule: string): TextEdit | undefined {
  const { lines } = document.tree;
  const [ending = '\n'] = /\r?\n/.exec(document.text) ?? [];
  const raw = lines.findIndex((line) => line.kind === 'table' && line.name?.value === 'raw');
  if (raw === -1) {
    const first = lines.findIndex((line) => line.kind === 'table');
    const table = ['*raw', ':PREROUTING ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', rule, 'COMMIT', ''].join(ending);
    return first === -1 ? undefined : insertAt(document, first, table);
  }
  const at = lines.findIndex((line, index) => index > raw && line.kind !== 'chain' && line.kind !== 'comment');
  return at === -1 ? undefined : insertAt(document, at, `${rule}${ending}`);
}

/** Where more conditions may be put: behind `-A CHAIN`. */
export function lineOfRule(document: Document, ref: RuleRef): { readonly afterChain: number } | undefined {
  const line = commandLine(document, ref);
  const end = line?.chain?.span.end;
  const span = end === undefined ? undefined : spanInDocument(document, ref.rule.line, { start: end, end });
  return line?.command === 'append' && span !== undefined ? { afterChain: span.end } : undefined;
}

function insertAt(document: Document, line: number, text: string): TextEdit {
  return { span: spanInDocument(document, line, { start: 0, end: 0 }), text };
}

/** Takes a rule's line from its place and puts it before another's. */
export function moveBefore(document: Document, ref: RuleRef, before: RuleRef): readonly TextEdit[] | undefined {
  const line = commandLine(document, ref);
  const inserted = lineBefore(document, before, line?.text.trimEnd() ?? '');
  if (line?.command !== 'append' || inserted === undefined || before.rule.line >= ref.rule.line) return undefined;
  return [inserted, { span: spanInDocument(document, ref.rule.line, { start: 0, end: line.text.length }), text: '' }];
}

function insertion(document: Document, ref: RuleRef, text: string, side: 'before' | 'after'): TextEdit | undefined {
  const line = commandLine(document, ref);
  if (line?.command !== 'append') return undefined;
  const [ending = '\n'] = /\r?\n$/.exec(line.text) ?? [];
  const start = document.lineStarts[ref.rule.line] ?? 0;
  const at = side === 'before' ? start : start + line.text.length;
  const isLastLine = side === 'after' && !line.text.endsWith('\n');
  return { span: { start: at, end: at }, text: isLastLine ? `${ending}${text}` : `${text}${ending}` };
}

function commandLine(document: Document, ref: RuleRef): CommandLine | undefined {
  const line = document.tree.lines[ref.rule.line];
  return line?.kind === 'command' ? line : undefined;
}

function optionEnd(part: OptionPart): number {
  return Math.max(part.flag.span.end, ...part.words.map(({ span }) => span.end));
}

/**
 * Puts a line before a chain's first rule, or, where it has none, at the end of its table. Undefined where the text does
 * not list the rules one by one.
 */
export function firstInChain(
  document: Document,
  { ruleset }: { readonly ruleset: Ruleset },
  table: TableName,
  chain: string,
  text: string,
): TextEdit | undefined {
  const rule = findChain(ruleset, table, chain)?.rules[0];
  if (rule !== undefined) return lineBefore(document, { table, chain, number: 1, rule }, text);
  const { lines } = document.tree;
  const start = lines.findIndex((line) => line.kind === 'table' && line.name?.value === table);
  const commit = lines.findIndex((line, index) => index > start && line.kind === 'commit');
  const [ending = '\n'] = /\r?\n/.exec(document.text) ?? [];
  return start === -1 || commit === -1 ? undefined : insertAt(document, commit, `${text}${ending}`);
}

/**
 * Takes a rule's whole line out. Undefined where the line makes several rules (`-s a,b`), or does not just append one.
 */
export function removeRule(document: Document, ruleset: Ruleset, ref: RuleRef): readonly TextEdit[] | undefined {
  const line = commandLine(document, ref);
  const rules = findChain(ruleset, ref.table, ref.chain)?.rules;
  const isShared = [ref.number - 2, ref.number].some((index) => rules?.[index]?.line === ref.rule.line);
  if (line?.command !== 'append' || isShared) return undefined;
  return [{ span: spanInDocument(document, ref.rule.line, { start: 0, end: line.text.length }), text: '' }];
}
