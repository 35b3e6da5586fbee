/** What the declarations of matches and targets demand of one rule: options that must stand, exclude or need each other. */
import type { Family } from '../../../src-sim/net/address';
import { PROTOCOL, protocolName } from '../../../src-sim/net/protocol';
import { isHook, type TableName } from '../../../src-sim/netfilter/hook';
import type { Given } from '../../../src-sim/netfilter/ruleset';
import type { Extension, RuleContext } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { isOpenRule } from '../syntax/opaque';
import { builtinOption } from '../syntax/option-scope';
import { alternatives, problem } from '../syntax/problem';
import type { CommandLine, OptionPart, Problem, Span } from '../syntax/tree';
import { type RuleUses, type Use, usesOf } from './rule-uses';

/**
 * @param table undefined where it is not known: what may not stand in some of them is let pass
 * @param jumps whether the target's name is that of a chain, which takes the target's place
 */
export function checkRule(
  line: CommandLine,
  family: Family,
  table: TableName | undefined,
  jumps: boolean,
): readonly Problem[] {
  const { builtin, matches, target } = usesOf(line);
  const context = contextOf(usesOf(line), family);
  const uses = [...(builtin ? [builtin] : []), ...matches, ...(target && !jumps ? [target] : [])];
  return [
    ...checkInterfaces(line, builtin),
    ...uses.flatMap((use) => (use.extension ? checkUse(use, use.extension, context, table, line) : [])),
  ];
}

/** What declarations may know of the rule around them. */
export function contextOf({ builtin, matches }: RuleUses, family: Family): RuleContext {
  const others = matches.map(({ name, given }) => ({ name, options: given }));
  return { family, protocol: protocolOf(builtin), matches: others };
}

function protocolOf(builtin: Use | undefined): Given<number> | undefined {
  const given = builtin?.given[builtinOption('p')?.name ?? ''];
  return typeof given?.value === 'number' ? { value: given.value, inverted: given.inverted } : undefined;
}

/** `-o` in INPUT: iptables looks at the chain's name alone, so that a chain of one's own may hold it. */
function checkInterfaces(line: CommandLine, builtin: Use | undefined): readonly Problem[] {
  const chain = line.chain?.value ?? '';
  if (!isHook(chain)) return [];
  return (builtin?.parts ?? []).flatMap(({ declaration: { hooks }, flag }) => {
    if (hooks === undefined || hooks.includes(chain)) return [];
    const message = `${flag.value} may stand only in ${hooks.join(', ')}, and in chains of your own`;
    return [problem(flag.span, 'wrong-hook', message)];
  });
}

function checkUse(
  use: Use,
  extension: Extension,
  context: RuleContext,
  table: TableName | undefined,
  line: CommandLine,
): readonly Problem[] {
  // The parser has said that the other family has it.
  if (!extension.families.includes(context.family)) return [];
  const span = use.loader?.name?.span ?? use.parts[0]?.flag.span ?? line.flag.span;
  const problems: Problem[] = [];
  const isOpen = isOpenRule(line);
  for (const one of checkTable(extension, table, span)) problems.push(one);
  for (const one of isOpen ? [] : checkProtocol(use, extension, context, span)) problems.push(one);
  for (const one of isOpen ? [] : checkPresence(use, extension, span)) problems.push(one);
  for (const one of checkPairs(use, isOpen)) problems.push(one);
  // What a declaration says in words is asked only where its tables found nothing: it may count on them.
  if (problems.length > 0 || isOpen || use.unknown !== undefined) return problems;
  const refusal = extension.refuses?.(use.given, context);
  if (refusal === undefined) return problems;
  const { why, by } = typeof refusal === 'string' ? { why: refusal, by: undefined } : refusal;
  const message = extension === BUILTIN ? why : `${label(use)}: ${why}`;
  const refused = problem(culprit(use, extension, context)?.flag.span ?? span, 'refused', message);
  return [by === undefined ? refused : onlyBy(by, refused)];
}

function onlyBy(refusedBy: 'legacy' | 'nft', refused: Problem): Problem {
  return { ...refused, severity: 'warning', refusedBy };
}

/** The option that is refused by itself, if one is. */
function culprit(use: Use, extension: Extension, context: RuleContext): OptionPart | undefined {
  // What must stand always stands: a declaration may rely on it.
  const required = Object.fromEntries(Object.entries(use.given).filter(([name]) => extension.options[name]?.required));
  return use.parts.find((part) => {
    const given = use.given[part.option];
    return given !== undefined && extension.refuses?.({ ...required, [part.option]: given }, context) !== undefined;
  });
}

function checkTable(extension: Extension, table: TableName | undefined, span: Span): readonly Problem[] {
  if (table === undefined || extension.tables === undefined || extension.tables.includes(table)) return [];
  const message = `${extension.name} may stand only in table ${alternatives(extension.tables)}, not in ${table}`;
  const wrong = problem(span, 'wrong-table', message);
  return [extension.anyTableInNft ? onlyBy('legacy', wrong) : wrong];
}

function checkProtocol(use: Use, extension: Extension, { protocol }: RuleContext, span: Span): readonly Problem[] {
  const { protocols } = extension;
  if (protocols === undefined || (protocol && !protocol.inverted && protocols.includes(protocol.value))) return [];
  const wanted = alternatives(protocols.map((number) => `-p ${protocolName(number)}`));
  const problemHere = problem(span, 'missing-protocol', `${label(use)} needs ${wanted}`);
  if (protocol === undefined || !protocols.includes(protocol.value) || !isNativeInNft(use, extension))
    return [problemHere];
  return [onlyBy('legacy', problemHere)];
}

/**
 * iptables-nft makes its own expressions of the ports and flags of TCP and UDP, and does not mind a `! -p` before them.
 *
 * @see iptables: iptables/nft.c:add_nft_tcpudp, __add_tcp_match
 */
function isNativeInNft(use: Use, extension: Extension): boolean {
  const [only, other] = extension.protocols ?? [];
  if (extension.kind === 'target') return false;
  return use.parts.length > 0 && other === undefined && (only === PROTOCOL.tcp || only === PROTOCOL.udp);
}

function checkPresence(use: Use, extension: Extension, span: Span): readonly Problem[] {
  const demands = demandsOf(extension);
  if (demands.length === 0) return [];
  return demands
    .filter((group) => !use.parts.some((part) => group.includes(part.option)))
    .map((group) => problem(span, 'missing-option', `${label(use)} needs ${alternatives(group.map(dashed))}`));
}

const demands = new Map<Extension, readonly (readonly string[])[]>();

/** Groups of options of which one at least must stand. */
function demandsOf(extension: Extension): readonly (readonly string[])[] {
  const known = demands.get(extension);
  if (known) return known;
  const required = Object.entries(extension.options).flatMap(([name, option]) => (option.required ? [[name]] : []));
  const groups = [...required, ...(extension.oneOf ?? []), ...(extension.anyOf ?? [])];
  demands.set(extension, groups);
  return groups;
}

function checkPairs(use: Use, isOpen: boolean): readonly Problem[] {
  const { parts } = use;
  const problems: Problem[] = [];
  for (const part of parts) {
    const earlier = parts.find((other) => excludeEachOther(use, part, other));
    const { requires } = part.declaration;
    if (earlier && parts.indexOf(earlier) < parts.indexOf(part)) {
      const message = `--${part.option} and --${earlier.option} exclude each other`;
      problems.push(problem(part.flag.span, 'excluded-option', message));
    } else if (requires && !isOpen && !parts.some((other) => requires.includes(other.option))) {
      const message = `--${part.option} needs ${alternatives(requires.map(dashed))}`;
      problems.push(problem(part.flag.span, 'missing-option', message));
    }
  }
  return problems;
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
