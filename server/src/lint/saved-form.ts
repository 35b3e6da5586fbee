/**
 * A command of a restore file as iptables-save would have it: the same rules in the same order. Where other commands
 * before it make that a question, nothing.
 */
import { type Block, linesOf } from '../analysis/blocks';
import { type Document, spanInDocument } from '../analysis/document';
import { madeBy } from '../analysis/lower';
import type { Command, CommandLine, Line } from '../syntax/tree';
import type { Fix, TextEdit } from './finding';
import { removeLine, replaceIn, replaceLine } from './rule-lines';

interface Place {
  readonly document: Document;
  readonly number: number;
  readonly line: CommandLine;
  /** The lines of its block before it, and behind it. */
  readonly before: readonly PlacedLine[];
  readonly behind: readonly PlacedLine[];
}

interface PlacedLine {
  readonly number: number;
  readonly line: Line;
}

export function savedForm(document: Document, block: Block, number: number, line: CommandLine): Fix | undefined {
  const lines = [...linesOf(block)].flatMap((at) => {
    const one = document.tree.lines[at];
    return one && at !== block.start ? [{ number: at, line: one }] : [];
  });
  const before = lines.filter((one) => one.number < number);
  const behind = lines.filter((one) => one.number > number);
  const edits = FORMS[line.command]?.({ document, number, line, before, behind });
  if (edits === undefined) return undefined;
  return { title: 'Write what iptables-save would', edits, safe: false, scope: { kind: 'nothing' } };
}

const FORMS: Readonly<Partial<Record<Command, (place: Place) => readonly TextEdit[] | undefined>>> = {
  policy: asDeclaration,
  'new-chain': ({ document, number, line, before }) => {
    const name = line.chain?.value;
    const isThere = name === undefined || before.some((one) => madeBy(one.line) === name);
    return isThere ? undefined : [replaceLine(document, number, [`:${name} - [0:0]`])];
  },
  insert: asAppended,
  flush: ifFirst,
  'delete-chain': ifFirst,
  zero: ifFirst,
  list: ({ document, number }) => [removeLine(document, number)],
};

/** The policy in the line that declares the chain, or in one that does so from now on. */
function asDeclaration({ document, number, line, before, behind }: Place): readonly TextEdit[] | undefined {
  const { chain, argument } = line;
  const speaksOfIt = ({ line: one }: PlacedLine) =>
    (one.kind === 'chain' && one.name?.value === chain?.value) ||
    (one.kind === 'command' && one.command === 'policy' && one.chain?.value === chain?.value);
  const [declared, ...others] = before.filter(speaksOfIt);
  if (chain === undefined || argument === undefined || others.length > 0 || behind.some(speaksOfIt)) return undefined;
  if (declared === undefined) {
    const isAtHead = before.every(({ line: one }) => one.kind !== 'command');
    return isAtHead ? [replaceLine(document, number, [`:${chain.value} ${argument.value} [0:0]`])] : undefined;
  }
  const policy = declared.line.kind === 'chain' ? declared.line.policy : undefined;
  return policy && [replaceIn(document, declared.number, policy.span, argument.value), removeLine(document, number)];
}

/** The rule behind those that it is put behind. */
function asAppended({ document, number, line, before }: Place): readonly TextEdit[] | undefined {
  const { chain, flag, position } = line;
  const ofChain = before.filter(({ line: one }) => one.kind === 'command' && one.chain?.value === chain?.value);
  const rules = ofChain.filter(({ line: one }) => one.kind === 'command' && one.command === 'append');
  const [first] = rules;
  const emptied = before.some(({ number: at, line: one }) => {
    return one.kind === 'command' && one.command === 'flush' && first !== undefined && at > first.number;
  });
  const isPlain = ofChain.every(({ line: one }) => one.kind === 'command' && PLAIN.has(one.command));
  const at = position === undefined ? 1 : Number(position.value);
  if (chain === undefined || emptied || !isPlain || !Number.isInteger(at) || at < 1) return undefined;
  const next = rules[at - 1];
  const end = (position ?? chain).span.end;
  const text = `${line.text.slice(0, flag.span.start)}-A ${chain.value}${line.text.slice(end)}`;
  if (next === undefined) {
    const span = { start: 0, end: line.text.length };
    return at === rules.length + 1 ? [replaceIn(document, number, span, text)] : undefined;
  }
  const start = spanInDocument(document, next.number, { start: 0, end: 0 });
  return [{ span: start, text }, removeLine(document, number)];
}

/** They leave the rules of a chain as they are. */
const PLAIN: ReadonlySet<Command> = new Set(['append', 'policy', 'new-chain', 'list', 'check', 'zero']);

/** A table is empty when its block begins. */
function ifFirst({ document, number, before }: Place): readonly TextEdit[] | undefined {
  const isEmpty = before.every(({ line: one }) => one.kind !== 'command' || one.command === 'policy');
  const makesNone = before.every(({ line: one }) => one.kind !== 'chain' || one.policy?.value !== '-');
  return isEmpty && makesNone ? [removeLine(document, number)] : undefined;
}
