/**
 * Colours that shape alone cannot tell: whether the word behind `-j` is a target or a chain. Everything else the
 * grammar colours by itself.
 */
import { blocksOf, linesOf } from '../analysis/blocks';
import type { Document } from '../analysis/document';
import { lowerWithProblems } from '../analysis/lower';
import { factsOf, targetWordOf } from '../analysis/rule-facts';

export interface SemanticToken {
  readonly lineNumber: number;
  /** Offset in the line. */
  readonly start: number;
  readonly length: number;
  readonly type: SemanticTokenType;
}

/** LSP's own token types: a chain is called like a function, a target is given. */
export const SEMANTIC_TOKEN_TYPES = ['function', 'macro'] as const;

export type SemanticTokenType = (typeof SEMANTIC_TOKEN_TYPES)[number];

/** In the order of the text. */
export function semanticTokens({ tree }: Document): readonly SemanticToken[] {
  const { tables } = lowerWithProblems(tree);
  const tokens: SemanticToken[] = [];
  for (const block of blocksOf(tree).blocks) {
    const chains = block.table && tables.get(block.table)?.chains;
    for (const lineNumber of linesOf(block)) {
      const line = tree.lines[lineNumber];
      const name = line?.kind === 'command' ? targetWordOf(line) : undefined;
      if (line?.kind !== 'command' || name === undefined) continue;
      const isChain = factsOf(line).jump === 'goto' || chains?.has(name.value);
      const { span } = name;
      tokens.push({
        lineNumber,
        start: span.start,
        length: span.end - span.start,
        type: isChain ? 'function' : 'macro',
      });
    }
  }
  return tokens;
}
