/** Cures for chains: another name wherever the table names them, a declaration, a last rule in the place of a policy. */

import { type Block, blockAt, linesOf } from '../../analysis/blocks';
import { spanInDocument } from '../../analysis/document';
import { madeBy } from '../../analysis/lower';
import { isVerdict } from '../../analysis/table-commands';
import { MAX_CHAIN_NAME_BYTES } from '../../syntax/chain-name';
import { exceedsBytes } from '../../syntax/token';
import type { Line, Tree, Word } from '../../syntax/tree';
import type { TextEdit } from '../finding';
import { edit, type RefusalFix, type RefusedPlace } from './define';

/** Lines of a block in which each word is looked at, for each chain that must be renamed. */
const LONGEST_RENAMED = 20_000;

/** In the table's block: where it is made, filled, and led to. Undefined where the new name is none, or taken. */
export function renameChain(at: RefusedPlace, name: string, renamed: string): RefusalFix | undefined {
  const block = blockAt(at.tree, at.number);
  const isNone = renamed === '' || /^[!-]/.test(renamed) || exceedsBytes(renamed, MAX_CHAIN_NAME_BYTES);
  if (block === undefined || isNone || isVerdict(name) || isVerdict(renamed)) return undefined;
  if (block.end - block.start > LONGEST_RENAMED) return undefined;
  const words = namesIn(at, block);
  if (words.some(({ word }) => word.value === renamed)) return undefined;
  const edits = words
    .filter(({ word }) => word.value === name)
    .map(({ number, word }): TextEdit => ({ span: spanInDocument(at.document, number, word.span), text: renamed }));
  return edits.length === 0 ? undefined : { title: `Call the chain ${renamed}`, edits, safe: false };
}

interface PlacedName {
  readonly number: number;
  readonly word: Word;
}

/** Every word of a block that may be a chain's name. */
function namesIn({ tree }: RefusedPlace, block: Block): readonly PlacedName[] {
  return [...linesOf(block)].flatMap((number) =>
    namesOf(tree.lines[number]).flatMap((word) => (word ? [{ number, word }] : [])),
  );
}

function namesOf(line: Line | undefined): readonly (Word | undefined)[] {
  if (line?.kind === 'chain') return [line.name];
  if (line?.kind !== 'command') return [];
  const targets = line.parts.flatMap((part) => (part.kind === 'jump' || part.kind === 'goto' ? [part.name] : []));
  return [line.chain, ...(line.command === 'rename-chain' ? [line.argument] : []), ...targets];
}

/** The chain has rules, and no line that makes it: at the head of its table, where a save has it. */
export function declareChain(at: RefusedPlace): RefusalFix | undefined {
  const { tree, text, problem, number, document } = at;
  const block = blockAt(tree, number);
  if (block?.header === undefined || problem.suggestion !== undefined) return undefined;
  const { filled, made, lastDeclaration } = chainsOf(tree, block);
  // Declared below its first use: moving the line is another cure.
  if (!filled.has(text) || made.has(text) || lastDeclaration > number) return undefined;
  const end = tree.lines[lastDeclaration]?.text.length ?? 0;
  const span = spanInDocument(document, lastDeclaration, { start: end, end });
  return { title: `Declare the chain ${text}`, edits: [{ span, text: `:${text} - [0:0]\n` }], safe: false };
}

interface BlockChains {
  /** Which chains rules are appended to. */
  readonly filled: ReadonlySet<string>;
  readonly made: ReadonlySet<string>;
  /** The last line of the table's head. */
  readonly lastDeclaration: number;
}

/** Looked up once for all the refusals of a block: there may be thousands. */
const known = new WeakMap<Block, BlockChains>();

function chainsOf(tree: Tree, block: Block): BlockChains {
  const earlier = known.get(block);
  if (earlier) return earlier;
  const filled = new Set<string>();
  const made = new Set<string>();
  let lastDeclaration = block.start;
  for (const number of linesOf(block)) {
    const line = tree.lines[number];
    const name = madeBy(line);
    if (name !== undefined) made.add(name);
    if (line?.kind === 'table' || line?.kind === 'chain') lastDeclaration = number;
    if (line?.kind === 'command' && line.command === 'append' && line.chain) filled.add(line.chain.value);
  }
  const chains = { filled, made, lastDeclaration };
  known.set(block, chains);
  return chains;
}

/** `:INPUT REJECT` as it is meant: the policy DROP, and a last rule that rejects. */
export function rejectAtEnd(at: RefusedPlace): RefusalFix | undefined {
  const { line, tree, number, table, text, document } = at;
  const commit = blockAt(tree, number)?.commit;
  const chain = line.kind === 'chain' ? line.name?.value : undefined;
  if (text !== 'REJECT' || table !== 'filter' || chain === undefined || commit === undefined) return undefined;
  const rule = { span: spanInDocument(document, commit, { start: 0, end: 0 }), text: `-A ${chain} -j REJECT\n` };
  return {
    title: 'Write DROP, and reject in a last rule',
    edits: [edit(at, at.problem.span, 'DROP'), rule],
    safe: false,
  };
}
