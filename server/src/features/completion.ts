/** What may be written at the cursor, from the declarations and from the ruleset itself. */
import { type Document, sideAt } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { acceptable } from './acceptable';
import { completeHint } from './complete-hint';
import { completeChain, completeDeclaration, completeLine, completePolicy, completeTable } from './complete-line';
import { completeMatch, completeOption, completeTarget } from './complete-rule';
import { completeCommentWord, completeSuppressed } from './complete-suppression';
import { completeValue } from './complete-value';
import { type CompletionContext, completionContext, type Wanted } from './completion-context';

export interface Completion {
  readonly kind: 'table' | 'chain' | 'policy' | 'command' | 'match' | 'target' | 'option' | 'value' | 'hint';
  readonly label: string;
  /** One line beside the label, plain text. */
  readonly detail: string;
  /** Markdown. */
  readonly documentation: string;
  /** What is written in the place of {@link Completions.replaces}; the label where absent. */
  readonly text?: string;
}

export interface Completions {
  readonly replaces: Span;
  /** The likeliest first. */
  readonly items: readonly Completion[];
}

export function complete(whole: Document, offset: number): Completions | undefined {
  const document = sideAt(whole, offset);
  const context = completionContext(document, offset);
  if (context === undefined) return undefined;
  return {
    replaces: context.replaces,
    items: acceptable(document, context, itemsFor(document, context, context.wanted)),
  };
}

function itemsFor(document: Document, context: CompletionContext, wanted: Wanted): readonly Completion[] {
  switch (wanted.kind) {
    case 'line':
      return completeLine(document, context);
    case 'table':
      return completeTable(document);
    case 'chain-declaration':
      return completeDeclaration(document, context);
    case 'policy':
      return completePolicy(context, wanted.chain);
    case 'chain':
      return completeChain(document, context, wanted.line.command);
    case 'match':
      return completeMatch(document, context, wanted.line);
    case 'target':
      return completeTarget(document, context, wanted);
    case 'option':
      return completeOption(document, context, wanted);
    case 'value':
      return completeValue(document, context, wanted);
    case 'hint':
      return completeHint(context);
    case 'comment-word':
      return completeCommentWord();
    case 'suppressed':
      return completeSuppressed(wanted.named);
  }
}
