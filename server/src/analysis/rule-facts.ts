/** What the check of a whole file must know of a rule beside its names: the same for all lines of a shape. */
import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { GivenOptions, MatchUse } from '../../../src-sim/netfilter/ruleset';
import type { Extension } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';
import type { CommandLine, Span, Word } from '../syntax/tree';
import { KnownLine } from './known-line';
import { partsOf, unknownOf } from './lower-rule';
import { perLine } from './per-line';
import { type Use, usesOf } from './rule-uses';

export interface RuleFacts {
  /** Of each rule that the line makes, whether it is a verdict without any condition. */
  readonly endsEveryWay: readonly boolean[];
  /** What may not stand everywhere; spans are those of the line that a shape was learnt from. */
  readonly limits: readonly HookLimit[];
  readonly jump: 'jump' | 'goto' | undefined;
  /** The target's declaration; undefined where it has none. */
  readonly target: Extension | undefined;
}

/** A match, a target or an option that has its place at some hooks only. */
export interface HookLimit {
  readonly span: Span;
  readonly label: string;
  readonly allowed: readonly Hook[];
  readonly ofTarget: boolean;
  /** In another table it is refused for that. */
  readonly tables: readonly TableName[] | undefined;
}

export function factsOf(line: CommandLine): RuleFacts {
  return ownFacts(line instanceof KnownLine ? line.shape.example : line);
}

/** The limits of the very line, with its own spans. */
export function limitsOf(line: CommandLine): readonly HookLimit[] {
  return ownFacts(line).limits;
}

/** The chain that a command is about. */
export function chainNameOf(line: CommandLine): string | undefined {
  return line instanceof KnownLine ? line.chainName : line.chain?.value;
}

/** What stands behind the first `-j` or `-g`. */
export function targetWordOf(line: CommandLine): Word | undefined {
  return line instanceof KnownLine ? line.target : usesOf(line).target?.loader.name;
}

export function targetNameOf(line: CommandLine): string | undefined {
  return line instanceof KnownLine ? line.targetName : usesOf(line).target?.loader.name?.value;
}

const ownFacts = perLine((line): RuleFacts => {
  const { matches, target } = usesOf(line);
  const isVerdict = VERDICTS.has(target?.name ?? '');
  return {
    endsEveryWay: partsOf(line).matches.map((conditions) => isVerdict && takesEveryPacket(conditions)),
    limits: [...matches, ...(target ? [target] : [])].flatMap(useLimits),
    jump: target?.loader.kind,
    target: target?.extension,
  };
});

export const VERDICTS: ReadonlySet<string> = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE']);

export function takesEveryPacket(matches: readonly MatchUse[]): boolean {
  return matches.every(({ name, options }) => name === BUILTIN.name && everyPacketFulfils(options));
}

/** `-s 0/0 -p all`. */
function everyPacketFulfils(options: GivenOptions): boolean {
  return Object.entries(options).every(([name, { value, inverted }]) =>
    BUILTIN.options[name]?.type.omitted?.(value, inverted),
  );
}

function useLimits(use: Use): readonly HookLimit[] {
  if (use.extension === undefined || use.extension === BUILTIN) return [];
  const span = use.loader?.name?.span ?? use.parts[0]?.flag.span;
  const { name: label, hooks, tables } = use.extension;
  const allowed = (unknownOf(use) === undefined ? use.extension.hooksFor?.(use.given) : undefined) ?? hooks;
  const ofTarget = use.extension.kind === 'target';
  const whole: HookLimit[] = allowed && span ? [{ span, label, allowed, ofTarget, tables }] : [];
  const options = use.parts.flatMap((part): HookLimit[] => {
    const { hooks } = part.declaration;
    return hooks ? [{ span: part.flag.span, label: part.flag.value, allowed: hooks, ofTarget, tables }] : [];
  });
  return [...whole, ...options];
}
