/** Where a chain's name stands in its table: what declares it, what fills it, who jumps to it. */
import { type Block, linesOf } from '../analysis/blocks';
import type { Document } from '../analysis/document';
import { KnownLine } from '../analysis/known-line';
import type { Command, CommandLine, Span, Word } from '../syntax/tree';
import { isTargetPart } from './cursor';

export interface ChainUse {
  /** `:NAME` or `-N NAME`; a rule of the chain; another command about it (`-P`); `-j NAME` or `-g NAME`. */
  readonly kind: 'declaration' | 'rule' | 'command' | 'jump';
  readonly lineNumber: number;
  /** Relative to the line. */
  readonly span: Span;
  /** For a jump, the chain whose rule jumps. */
  readonly from?: string;
}

const COMMAND_KINDS: { readonly [command in Command]?: ChainUse['kind'] } = {
  append: 'rule',
  insert: 'rule',
  'new-chain': 'declaration',
};

/** In the order of the text. */
export function chainUses({ tree }: Document, block: Block, name: string): readonly ChainUse[] {
  const uses: ChainUse[] = [];
  const add = (kind: ChainUse['kind'], lineNumber: number, word: Word | undefined, from?: string) => {
    if (word?.value !== name) return;
    uses.push({ kind, lineNumber, span: word.span, ...(from === undefined ? {} : { from }) });
  };
  for (const lineNumber of linesOf(block)) {
    const line = tree.lines[lineNumber];
    if (line?.kind === 'chain') add('declaration', lineNumber, line.name);
    if (line?.kind !== 'command') continue;
    add(COMMAND_KINDS[line.command] ?? 'command', lineNumber, line.chain);
    for (const target of targetWords(line)) add('jump', lineNumber, target, line.chain?.value);
  }
  return uses;
}

function targetWords(line: CommandLine): readonly (Word | undefined)[] {
  if (line instanceof KnownLine) return [line.target];
  return line.parts.filter(isTargetPart).map((part) => part.name);
}
