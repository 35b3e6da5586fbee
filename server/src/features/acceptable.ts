/**
 * Whether what completion has found may stand at the cursor: the command is read with it, and checked. What is still to
 * be written behind it is no mistake.
 */
import { isHook, isTableName } from '../../../src-sim/netfilter/hook';
import { hooksOfChain } from '../analysis/call-graph';
import { checkRule } from '../analysis/check-rule';
import type { Document } from '../analysis/document';
import { limitsOf } from '../analysis/rule-facts';
import { refuses, USUAL_VARIANT } from '../analysis/variant';
import { commandLine } from '../syntax/parse';
import { problem } from '../syntax/problem';
import type { CommandLine, Line, Problem, Word } from '../syntax/tree';
import { isChain } from './complete-line';
import type { Completion } from './completion';
import type { CompletionContext } from './completion-context';

const UNFINISHED: ReadonlySet<string> = new Set(['missing-option', 'missing-value', 'missing-protocol']);

export function acceptable(
  document: Document,
  context: CompletionContext,
  items: readonly Completion[],
): readonly Completion[] {
  const { words } = context;
  if (words === undefined) return items;
  const errorsWith = (more: readonly Word[]) => errorCount(document, context, [...words, ...more]);
  const before = errorsWith([]);
  const isRight = (item: Completion | undefined) => item === undefined || errorsWith(wordsOf(item, context)) <= before;
  // One chain of a table is as good as another, and there may be a hundred thousand of them.
  const isMade = ({ kind, label }: Completion) => kind === 'chain' && !isHook(label);
  const chainIsRight = isRight(items.find(isMade));
  return items.filter((item) => (isMade(item) ? chainIsRight : isRight(item)));
}

const NOWHERE = { start: 0, end: 0 };

/** A completion as the words that it writes, with the items of a list that stand before it. */
function wordsOf({ label, text = label }: Completion, { wanted }: CompletionContext): readonly Word[] {
  const listed = wanted.kind === 'value' ? wanted.listed.map((item) => `${item},`).join('') : '';
  return `${listed}${text}`.split(' ').map((value) => ({ span: NOWHERE, value }));
}

function errorCount(document: Document, context: CompletionContext, words: readonly Word[]): number {
  const { family, dress } = document.tree;
  const [first = { span: NOWHERE, value: '' }] = words;
  const onCommandLine = dress === 'script' || dress === 'listing';
  const line = commandLine('', words, { family, first, problems: [], onCommandLine });
  return [...line.problems, ...ruleProblems(line, document, context)].filter(isMistake).length;
}

function isMistake(problem: Problem): boolean {
  return refuses(USUAL_VARIANT, problem) && !UNFINISHED.has(problem.code);
}

function ruleProblems(line: Line, document: Document, { table }: CompletionContext): readonly Problem[] {
  if (line.kind !== 'command') return [];
  const target = line.parts.find((part) => part.kind === 'jump' || part.kind === 'goto');
  const name = target?.kind === 'jump' || target?.kind === 'goto' ? target.name?.value : undefined;
  const jumps = name !== undefined && target?.kind === 'jump' && isChain(document, table, name);
  const known = table !== undefined && isTableName(table) ? table : undefined;
  return [...checkRule(line, document.tree.family, known, jumps), ...hookProblems(line, document, table, jumps)];
}

/** What may not stand in the chain for the hooks that packets come to it from. */
function hookProblems(
  line: CommandLine,
  { tree }: Document,
  table: string | undefined,
  jumps: boolean,
): readonly Problem[] {
  const limits = limitsOf(line).filter(({ tables, ofTarget }) => {
    return !(ofTarget && jumps) && (tables === undefined || tables.some((one) => one === table));
  });
  if (limits.length === 0) return [];
  const hooks = hooksOfChain(tree, table, line.chain?.value ?? '');
  return limits
    .filter(({ allowed }) => hooks.some((hook) => !allowed.includes(hook)))
    .map(({ span, label }) => problem(span, 'wrong-hook', label));
}
