/** Completion inside a rule: matches, targets and options that are allowed where it stands. */
import { type Hook, isTableName, TABLE_HOOKS } from '../../../src-sim/netfilter/hook';
import type { Extension, OptionDeclaration } from '../../../src-sim/xt/define';
import { BUILTIN, EXTENSIONS } from '../../../src-sim/xt/registry';
import { hooksKnown } from '../analysis/call-graph';
import type { Document } from '../analysis/document';
import { usesOf } from '../analysis/rule-uses';
import { LOADERS } from '../syntax/commands';
import { builtinOption, matchLoadedByProtocol } from '../syntax/option-scope';
import type { CommandLine, OptionPart } from '../syntax/tree';
import { chainItems, chainNames, isBuiltinChain } from './complete-line';
import type { Completion } from './completion';
import type { CompletionContext, Wanted } from './completion-context';
import { isTargetPart } from './cursor';
import { describeExtension, describeOption, optionUsage } from './markdown';

const PROTOCOL = builtinOption('p');

/** The place that a rule stands in: what is declared for another may not be offered. */
interface Place {
  readonly table: string | undefined;
  /** Hooks from which packets come to the chain; where none lead to it yet, all of the table's. */
  readonly hooks: readonly Hook[];
  readonly family: Document['tree']['family'];
  /** What `-p` says. */
  readonly protocol: number | undefined;
}

export function completeMatch(
  document: Document,
  context: CompletionContext,
  line: CommandLine,
): readonly Completion[] {
  const place = placeOf(document, context, line);
  return EXTENSIONS.filter((one) => one.kind === 'match' && one !== BUILTIN && isAllowed(one, place)).map(
    extensionItem,
  );
}

/** Targets, and the chains of one's own that the table has; `-g` takes chains only. */
export function completeTarget(
  document: Document,
  context: CompletionContext,
  { line, goto }: Extract<Wanted, { readonly kind: 'target' }>,
): readonly Completion[] {
  const place = placeOf(document, context, line);
  const targets = EXTENSIONS.filter((one) => one.kind === 'target' && isAllowed(one, place)).map(extensionItem);
  const own = line.chain?.value;
  const names = chainNames(document, context.table).filter(
    (name) => !isBuiltinChain(context.table, name) && name !== own && name !== context.written,
  );
  const chains = chainItems(names, context.table ?? '');
  return goto ? chains : [...targets, ...chains];
}

/** Options of what the rule has loaded that it does not have yet, then what loads more. */
export function completeOption(
  document: Document,
  context: CompletionContext,
  { line, negated }: Extract<Wanted, { readonly kind: 'option' }>,
): readonly Completion[] {
  const place = placeOf(document, context, line);
  const loaded = loadedExtensions(line, place);
  const options = loaded.flatMap((extension) => optionItems(extension, line, place, negated));
  if (negated) return options;
  if (context.written.startsWith('--')) return [...options, ...optionsToLoad(loaded, line, place)];
  const hasTarget = line.parts.some(isTargetPart);
  const loaders = LOADERS.filter(({ kind }) => kind === 'match' || !hasTarget);
  return [...loaders.map(loaderItem), ...options];
}

/** Options of matches that the rule has not loaded yet, each written with its `-m`. */
function optionsToLoad(loaded: readonly Extension[], line: CommandLine, place: Place): readonly Completion[] {
  const others = EXTENSIONS.filter((one) => one.kind === 'match' && !loaded.includes(one) && isAllowed(one, place));
  return others.flatMap((extension) =>
    optionItems(extension, line, place, false).map((item) => ({
      ...item,
      text: `-m ${extension.name} ${item.label}`,
    })),
  );
}

function optionItems(
  extension: Extension,
  { parts }: CommandLine,
  place: Place,
  negated: boolean,
): readonly Completion[] {
  const used = parts.filter((part): part is OptionPart => part.kind === 'option' && part.extension === extension);
  return Object.entries(extension.options)
    .filter(([name, declaration]) => isFree(name, declaration, used) && (declaration.invert || !negated))
    .filter(([, { hooks }]) => allows(hooks, place.hooks))
    .map(([name, declaration]) => ({
      kind: 'option',
      label: `--${name}`,
      detail: `${extension.name}: ${optionUsage(name, declaration)}`,
      documentation: describeOption(extension, name, declaration),
      ...(extension === BUILTIN && declaration.short ? { label: `-${declaration.short}` } : {}),
    }));
}

/** Neither given already, nor excluded by what is given. */
function isFree(name: string, { excludes }: OptionDeclaration, used: readonly OptionPart[]): boolean {
  return !used.some(
    ({ option, declaration }) => option === name || excludes.includes(option) || declaration.excludes.includes(name),
  );
}

function loadedExtensions(line: CommandLine, { protocol, family }: Place): readonly Extension[] {
  const { matches, target } = usesOf(line);
  const byProtocol = protocol === undefined ? undefined : matchLoadedByProtocol(protocol, family);
  const loaded = [target?.extension, ...matches.map(({ extension }) => extension).reverse(), byProtocol, BUILTIN];
  return [...new Set(loaded.filter((extension) => extension !== undefined))];
}

function placeOf(document: Document, { table }: CompletionContext, line: CommandLine): Place {
  const given = usesOf(line).builtin?.parts.find((part) => part.declaration === PROTOCOL?.declaration && !part.bang);
  const protocol = typeof given?.value === 'number' ? given.value : undefined;
  return { table, hooks: hooksOf(document, table, line.chain?.value ?? ''), family: document.tree.family, protocol };
}

function hooksOf(document: Document, table: string | undefined, chain: string): readonly Hook[] {
  if (table === undefined || !isTableName(table)) return [];
  const hooks = hooksKnown(document, table, chain);
  return hooks.length > 0 ? hooks : TABLE_HOOKS[table];
}

function isAllowed({ families, tables, hooks, protocols }: Extension, place: Place): boolean {
  if (!families.includes(place.family)) return false;
  if (tables && place.table !== undefined && !tables.some((table) => table === place.table)) return false;
  if (protocols && place.protocol !== undefined && !protocols.includes(place.protocol)) return false;
  return allows(hooks, place.hooks);
}

/** Whether what is declared for `hooks` may stand in a chain that packets of `reached` come to: all of them count. */
function allows(hooks: readonly Hook[] | undefined, reached: readonly Hook[]): boolean {
  return hooks === undefined || reached.length === 0 || reached.every((hook) => hooks.includes(hook));
}

function extensionItem(extension: Extension): Completion {
  const documentation = describeExtension(extension);
  return { kind: extension.kind, label: extension.name, detail: extension.kind, documentation };
}

function loaderItem({ short, long, summary }: (typeof LOADERS)[number]): Completion {
  return { kind: 'option', label: `-${short}`, detail: `--${long}`, documentation: summary };
}
