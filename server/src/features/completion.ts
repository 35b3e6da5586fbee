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
  /** There are more than anybody reads: what is written next is to be asked about anew. */
  readonly isCut?: true;
}

/** A file may have tens of thousands of chains; to hand them all over takes longer than a key. */
const MOST_ITEMS = 1_000;

export function complete(whole: Document, offset: number): Completions | undefined {
  const document = sideAt(whole, offset);
  const context = completionContext(document, offset);
  if (context === undefined) return undefined;
  const items = itemsFor(document, context, context.wanted);
  const { replaces, written } = context;
  if (items.length <= MOST_ITEMS) return { replaces, items: acceptable(document, context, items) };
  return { replaces, items: acceptable(document, context, likeliest(items, written)), isCut: true };
}

/** Those that begin with what is written, before those that hold it. */
function likeliest(items: readonly Completion[], written: string): readonly Completion[] {
  const word = written.toLowerCase();
  const places = items.map(({ label }) => label.toLowerCase().indexOf(word));
  const begins = items.filter((_, at) => places[at] === 0);
  const holds = items.filter((_, at) => (places[at] ?? -1) > 0);
  return [...begins, ...holds].slice(0, MOST_ITEMS);
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
