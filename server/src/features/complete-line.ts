/** Completion of what begins a line, and of tables, chains and policies. */
import { isTableName, TABLE_HOOKS, TABLES, type TableName } from '../../../src-sim/netfilter/hook';
import { chainsMade, makesChain } from '../analysis/block-names';
import { blocksOf } from '../analysis/blocks';
import { type Document, isLong } from '../analysis/document';
import { declaredChains, lowerWithProblems } from '../analysis/lower';
import { COMMANDS } from '../syntax/commands';
import type { Command } from '../syntax/tree';
import type { Completion } from './completion';
import type { CompletionContext } from './completion-context';
import { describePolicy, describeTable } from './hover-chain';
import { code, paragraphs } from './markdown';
import { hookPlace, tablePurpose } from './packet-way';

/** What a line may begin with: in a block its commands and COMMIT, outside of one a table. */
export function completeLine(document: Document, { table }: CompletionContext): readonly Completion[] {
  const { dress } = document.tree;
  if (dress === 'script') return COMMANDS.map(commandItem);
  if (dress === 'listing') return COMMANDS.filter(({ command }) => LISTED.has(command)).map(commandItem);
  if (table === undefined) return completeTable(document).map((item) => ({ ...item, label: `*${item.label}` }));
  const commands = COMMANDS.filter(({ command }) => command !== 'list' && command !== 'check').map(commandItem);
  return [...commands, COMMIT];
}

const LISTED: ReadonlySet<Command> = new Set(['policy', 'new-chain', 'append']);

const COMMIT: Completion = {
  kind: 'command',
  label: 'COMMIT',
  detail: 'the table ends here',
  documentation: 'Hands the table to the kernel.',
};

function commandItem({ short, long, summary }: (typeof COMMANDS)[number]): Completion {
  return { kind: 'command', label: `-${short}`, detail: `--${long}`, documentation: summary };
}

/** The tables that the file does not have yet. */
export function completeTable(document: Document): readonly Completion[] {
  const { tree } = document;
  // Commands name a table as often as they like.
  const present = new Set(tree.dress === 'script' ? [] : blocksOf(tree).blocks.map(({ table }) => table));
  return TABLES.filter((name) => !present.has(name)).map((name) => ({
    kind: 'table',
    label: name,
    detail: TABLE_HOOKS[name].join(', '),
    documentation: describeTable(name),
  }));
}

/** The built-in chains that no line of the block declares, each as a whole line. */
export function completeDeclaration(document: Document, { table, replaces }: CompletionContext): readonly Completion[] {
  if (table === undefined || !isTableName(table)) return [];
  const declared = declaredBefore(document, replaces.start);
  return TABLE_HOOKS[table]
    .filter((hook) => !declared.has(hook))
    .map((hook) => ({
      kind: 'chain',
      label: hook,
      detail: `built-in chain of ${table}`,
      documentation: `It sees ${hookPlace(hook)}.`,
      text: `${hook} ACCEPT [0:0]`,
    }));
}

function declaredBefore({ tree, lineStarts }: Document, offset: number): ReadonlySet<string> {
  const names = new Set<string>();
  tree.lines.forEach((line, number) => {
    if ((lineStarts[number] ?? 0) > offset) return;
    if (line.kind === 'table') names.clear();
    // The line being written holds a part of a name.
    const end = (lineStarts[number] ?? 0) + line.text.length;
    if (line.kind === 'chain' && line.name && end <= offset) names.add(line.name.value);
  });
  return names;
}

export function completePolicy({ table }: CompletionContext, chain: string): readonly Completion[] {
  const policies = isBuiltinChain(table, chain) ? ['ACCEPT', 'DROP'] : ['-'];
  return policies.map((policy) => ({
    kind: 'policy',
    label: policy,
    detail: `policy of ${chain}`,
    documentation: describePolicy(chain, policy),
  }));
}

/** The chains of this table: the file's own, and the built-in ones. */
export function completeChain(
  document: Document,
  { table, written }: CompletionContext,
  command: Command,
): readonly Completion[] {
  const names = chainNames(document, table);
  const wanted = names.filter((name) => name !== written && isFor(command, isBuiltinChain(table, name)));
  return chainItems(wanted, table ?? '');
}

/** Only a built-in chain has a policy, only one's own can be renamed or deleted, and a new one has no name yet. */
function isFor(command: Command, isBuiltin: boolean): boolean {
  if (command === 'policy') return isBuiltin;
  if (command === 'rename-chain' || command === 'delete-chain') return !isBuiltin;
  return command !== 'new-chain';
}

export function isBuiltinChain(table: string | undefined, name: string): boolean {
  return table !== undefined && isTableName(table) && TABLE_HOOKS[table].some((hook) => hook === name);
}

export function chainNames(document: Document, table: string | undefined): readonly string[] {
  if (table === undefined || !isTableName(table)) return [];
  // Somebody waits: in a long file the names that it makes have to do, of which some may be taken away again.
  if (isLong(document)) return [...TABLE_HOOKS[table], ...madeNames(document, table)];
  const found = lowerWithProblems(document.tree).tables.get(table);
  return found ? [...found.chains.keys()] : TABLE_HOOKS[table];
}

/** Whether a rule of the table may lead there. */
export function isChain(document: Document, table: string | undefined, name: string): boolean {
  if (table === undefined || !isTableName(table)) return false;
  if (!isLong(document)) {
    return lowerWithProblems(document.tree).tables.get(table)?.chains.has(name) ?? isBuiltinChain(table, name);
  }
  if (document.dialect !== 'restore') return chainNames(document, table).includes(name);
  return isBuiltinChain(table, name) || makesChain(document.chunks, table, name);
}

function madeNames({ dialect, chunks, tree }: Document, table: TableName): readonly string[] {
  const hooks = new Set<string>(TABLE_HOOKS[table]);
  if (dialect === 'restore') return [...chainsMade(chunks, table)].filter((name) => !hooks.has(name));
  const blocks = blocksOf(tree).blocks.filter((block) => block.table === table);
  const names = new Set(blocks.flatMap((block) => [...declaredChains(tree, block).keys()]));
  for (const hook of TABLE_HOOKS[table]) names.delete(hook);
  return [...names];
}

/** Of one table: there may be tens of thousands. */
export function chainItems(names: readonly string[], table: string): readonly Completion[] {
  const about = `Chain of the table ${code(table)}.`;
  const documentation = isTableName(table) ? paragraphs(about, tablePurpose(table)) : about;
  return names.map((name) => ({ kind: 'chain', label: name, detail: `chain of ${table}`, documentation }));
}
