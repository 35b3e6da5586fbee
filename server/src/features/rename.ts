/** Renames a chain of one's own: where it is made, filled, and jumped to. Names that iptables refuses are not taken. */
import { blockAt } from '../analysis/blocks';
import { type Document, sideAt, spanInDocument } from '../analysis/document';
import { isVerdict } from '../analysis/table-commands';
import type { TextEdit } from '../lint/finding';
import { MAX_CHAIN_NAME_BYTES } from '../syntax/chain-name';
import { exceedsBytes } from '../syntax/token';
import type { Span } from '../syntax/tree';
import { chainNames, isBuiltinChain } from './complete-line';
import { cursorAt } from './cursor';
import { usesAt } from './navigation';

export interface Renamed {
  readonly edits: readonly TextEdit[];
}

export interface NotRenamed {
  readonly refusal: string;
}

/** The chain's name at the cursor, where it is one that may be renamed. */
export function renamable(whole: Document, offset: number): { readonly span: Span; readonly name: string } | undefined {
  const document = sideAt(whole, offset);
  const cursor = cursorAt(document, offset);
  if (cursor?.thing.kind !== 'chain' && cursor?.thing.kind !== 'target') return undefined;
  const { name } = cursor.thing;
  if (isBuiltinChain(cursor.table, name) || usesAt(document, offset).length === 0) return undefined;
  return { span: cursor.span, name };
}

export function rename(whole: Document, offset: number, newName: string): Renamed | NotRenamed {
  const document = sideAt(whole, offset);
  const found = renamable(document, offset);
  if (found === undefined) return { refusal: 'only a chain of your own can be renamed' };
  const refusal = newName === found.name ? undefined : whyNot(document, offset, newName);
  if (refusal !== undefined) return { refusal };
  const edits = usesAt(document, offset).map(({ lineNumber, span }) => ({
    span: spanInDocument(document, lineNumber, span),
    text: newName,
  }));
  return { edits };
}

/** @see iptables: iptables/xshared.c:assert_valid_chain_name */
function whyNot(document: Document, offset: number, name: string): string | undefined {
  if (name === '' || /[\s"'\\$`]/.test(name)) return 'a chain name has no blanks and no quotes';
  if (exceedsBytes(name, MAX_CHAIN_NAME_BYTES)) return `a chain name has at most ${MAX_CHAIN_NAME_BYTES} characters`;
  if (/^[!-]/.test(name)) return `a chain name may not begin with "${name.charAt(0)}"`;
  if (isVerdict(name)) return `"${name}" is a verdict: no chain can be called so`;
  const { lineNumber } = cursorAt(document, offset) ?? {};
  const table = lineNumber === undefined ? undefined : blockAt(document.tree, lineNumber)?.name;
  return chainNames(document, table).includes(name) ? `chain "${name}" is there already` : undefined;
}
