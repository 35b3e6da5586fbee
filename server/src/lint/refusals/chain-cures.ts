/** Cures for chains: another name wherever the table names them, a declaration, a last rule in the place of a policy. */

import { type Block, blockAt, linesOf } from '../../analysis/blocks';
import { spanInDocument } from '../../analysis/document';
import { madeBy } from '../../analysis/lower';
import { isVerdict } from '../../analysis/table-commands';
import { MAX_CHAIN_NAME_BYTES } from '../../syntax/chain-name';
import { exceedsBytes } from '../../syntax/token';
import type { Line, Word } from '../../syntax/tree';
import type { TextEdit } from '../finding';
import { edit, type RefusalFix, type RefusedPlace } from './define';

/** In the table's block: where it is made, filled, and led to. Undefined where the new name is none, or taken. */
export function renameChain(at: RefusedPlace, name: string, renamed: string): RefusalFix | undefined {
  const block = blockAt(at.tree, at.number);
  const isNone = renamed === '' || /^[!-]/.test(renamed) || exceedsBytes(renamed, MAX_CHAIN_NAME_BYTES);
  if (block === undefined || isNone || isVerdict(name) || isVerdict(renamed)) return undefined;
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
  const lines = [...linesOf(block)].map((one) => ({ number: one, line: tree.lines[one] }));
  const isFilled = lines.some(
    ({ line }) => line?.kind === 'command' && line.command === 'append' && line.chain?.value === text,
  );
  // Declared below its first use: moving the line is another cure.
  if (!isFilled || lines.some(({ line }) => madeBy(line) === text)) return undefined;
  const last = lines.filter(({ line }) => line?.kind === 'table' || line?.kind === 'chain').at(-1);
  if (last === undefined || last.number > number) return undefined;
  const end = tree.lines[last.number]?.text.length ?? 0;
  const span = spanInDocument(document, last.number, { start: end, end });
  return { title: `Declare the chain ${text}`, edits: [{ span, text: `:${text} - [0:0]\n` }], safe: false };
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
