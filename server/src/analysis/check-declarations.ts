/** What the declarations of matches and targets demand of a rule: options that must stand, exclude or need each other. */
import type { Family } from '../../../src-sim/net/address';
import { protocolName } from '../../../src-sim/net/protocol';
import { isHook, type TableName } from '../../../src-sim/netfilter/hook';
import type { Given } from '../../../src-sim/netfilter/ruleset';
import type { Extension, RuleContext } from '../../../src-sim/xt/define';
import { builtinOption } from '../syntax/option-scope';
import { alternatives, problem } from '../syntax/problem';
import type { CommandLine, OptionPart, Problem, Span, Tree } from '../syntax/tree';
import { blocksOf } from './blocks';
import type { LocatedProblem } from './located-problem';
import { isForOtherFamily } from './lower-rule';
import { type Use, usesOf } from './rule-uses';

export function checkDeclarations(tree: Tree): readonly LocatedProblem[] {
  const found: LocatedProblem[] = [];
  for (const block of blocksOf(tree).blocks) {
    for (let number = block.start + 1; number < block.end; number++) {
      const line = tree.lines[number];
      if (line?.kind !== 'command') continue;
      for (const one of problemsOf(line, tree.family, block.table)) found.push({ ...one, line: number });
    }
  }
  return found;
}

interface Checked {
  readonly table: TableName | undefined;
  readonly problems: readonly Problem[];
}

const known = new WeakMap<CommandLine, Checked>();

function problemsOf(line: CommandLine, family: Family, table: TableName | undefined): readonly Problem[] {
  const earlier = known.get(line);
  if (earlier && earlier.table === table) return earlier.problems;
  const problems = isForOtherFamily(line, family) ? [] : checkRule(line, family, table);
  known.set(line, { table, problems });
  return problems;
}

function checkRule(line: CommandLine, family: Family, table: TableName | undefined): readonly Problem[] {
  const { builtin, matches, target } = usesOf(line);
  const context: RuleContext = { family, protocol: protocolOf(builtin) };
  const uses = [...(builtin ? [builtin] : []), ...matches, ...(target ? [target] : [])];
  return [
    ...checkInterfaces(line, builtin),
    ...uses.flatMap((use) => (use.extension ? checkUse(use, use.extension, context, table, line) : [])),
  ];
}

function protocolOf(builtin: Use | undefined): Given<number> | undefined {
  const given = builtin?.given[builtinOption('p')?.name ?? ''];
  return typeof given?.value === 'number' ? { value: given.value, inverted: given.inverted } : undefined;
}

/** `-o` in INPUT: iptables looks at the chain's name alone, so that a chain of one's own may hold it. */
function checkInterfaces(line: CommandLine, builtin: Use | undefined): readonly Problem[] {
  const chain = line.chain?.value ?? '';
  if (!isHook(chain)) return [];
  return (builtin?.parts ?? [])
    .filter((part) => part.declaration.hooks?.includes(chain) === false)
    .map((part) => problem(part.flag.span, 'wrong-hook', `a packet in ${chain} has no such interface yet, or no more`));
}

function checkUse(
  use: Use,
  extension: Extension,
  context: RuleContext,
  table: TableName | undefined,
  line: CommandLine,
): readonly Problem[] {
  const span = use.loader?.name?.span ?? use.parts[0]?.flag.span ?? line.flag.span;
  const problems = [
    ...checkTable(extension, table, span),
    ...checkProtocol(use, extension, context, span),
    ...checkPresence(use, extension, span),
    ...checkPairs(use),
  ];
  // What a declaration says in words is asked only where its tables found nothing: it may count on them.
  if (problems.length > 0 || use.unknown !== undefined) return problems;
  const why = extension.refuses?.(use.given, context);
  return why === undefined ? [] : [problem(span, 'refused', `${label(use)}: ${why}`)];
}

function checkTable(extension: Extension, table: TableName | undefined, span: Span): readonly Problem[] {
  if (table === undefined || extension.tables === undefined || extension.tables.includes(table)) return [];
  const message = `${extension.name} may stand only in table ${alternatives(extension.tables)}, not in ${table}`;
  return [problem(span, 'wrong-table', message)];
}

function checkProtocol(use: Use, extension: Extension, { protocol }: RuleContext, span: Span): readonly Problem[] {
  const { protocols } = extension;
  if (protocols === undefined || (protocol && !protocol.inverted && protocols.includes(protocol.value))) return [];
  const wanted = alternatives(protocols.map((number) => `-p ${protocolName(number)}`));
  return [problem(span, 'missing-protocol', `${label(use)} needs ${wanted}`)];
}

function checkPresence(use: Use, extension: Extension, span: Span): readonly Problem[] {
  const has = (name: string) => use.parts.some((part) => part.option === name);
  const missing = Object.entries(extension.options).filter(([name, option]) => option.required && !has(name));
  const groups = [...(extension.oneOf ?? []), ...(extension.anyOf ?? [])].filter((group) => !group.some(has));
  return [
    ...missing.map(([name]) => problem(span, 'missing-option', `${label(use)} needs --${name}`)),
    ...groups.map((group) => problem(span, 'missing-option', `${label(use)} needs ${alternatives(group.map(dashed))}`)),
  ];
}

function checkPairs(use: Use): readonly Problem[] {
  const { parts } = use;
  return parts.flatMap((part, index) => {
    const earlier = parts.slice(0, index).find((other) => excludeEachOther(use, part, other));
    if (earlier) {
      const message = `--${part.option} and --${earlier.option} exclude each other`;
      return [problem(part.flag.span, 'excluded-option', message)];
    }
    const { requires } = part.declaration;
    if (requires === undefined || requires.some((name) => parts.some((other) => other.option === name))) return [];
    return [problem(part.flag.span, 'missing-option', `--${part.option} needs ${alternatives(requires.map(dashed))}`)];
  });
}

function excludeEachOther(use: Use, a: OptionPart, b: OptionPart): boolean {
  if (a.option === b.option) return false;
  if (a.declaration.excludes.includes(b.option) || b.declaration.excludes.includes(a.option)) return true;
  return (use.extension?.oneOf ?? []).some((group) => group.includes(a.option) && group.includes(b.option));
}

function label(use: Use): string {
  if (use.extension?.kind === 'target') return `-j ${use.name}`;
  return use.loader || use.parts.length === 0 ? `-m ${use.name}` : (use.parts[0]?.flag.value ?? use.name);
}

function dashed(name: string): string {
  return `--${name}`;
}
