/** Where a rule stands in the text, and how a line is put beside it. */
import { type Document, spanInDocument } from '../analysis/document';
import type { RuleRef } from '../analysis/rule-packets';
import type { Decision } from '../analysis/set-walk';
import type { CommandLine, OptionPart, Span, TargetPart } from '../syntax/tree';
import type { TextEdit } from './finding';

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

/** The option of a match (`--ctstate NEW`) with its `!`, as the rule has it first. */
export function optionSpan(document: Document, ref: RuleRef, names: readonly string[]): Span {
  const parts = commandLine(document, ref)?.parts ?? [];
  const part = parts.find((part): part is OptionPart => part.kind === 'option' && names.includes(part.option));
  if (part === undefined) return ruleSpan(document, ref);
  const start = (part.bang ?? part.flag).span.start;
  return spanInDocument(document, ref.rule.line, { start, end: optionEnd(part) });
}

/** The line `:INPUT DROP [0:0]` of a chain. */
export function policySpan(document: Document, { table, hook }: Decision): Span | undefined {
  let current: string | undefined;
  for (const [number, line] of document.tree.lines.entries()) {
    if (line.kind === 'table') current = line.name?.value;
    if (line.kind === 'chain' && current === table && line.name?.value === hook) {
      return spanInDocument(document, number, { start: 0, end: line.text.trimEnd().length });
    }
  }
  return undefined;
}

/** Puts a line behind the rule's; undefined where the order of the text is not the order of the rules. */
export function lineAfter(document: Document, ref: RuleRef, text: string): TextEdit | undefined {
  return insertion(document, ref, text, 'after');
}

export function lineBefore(document: Document, ref: RuleRef, text: string): TextEdit | undefined {
  return insertion(document, ref, text, 'before');
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
