/** The rules of the table nat that translate: whom they take, on all the ways that lead to them, and what to. */
import type { NatRange } from '../../../src-sim/conntrack/entry';
import { type Address, addressValue, familyOf } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { type IntervalSet, interval } from '../../../src-sim/net/interval-set';
import type { Json, TargetUse } from '../../../src-sim/netfilter/ruleset';
import type { Box } from '../analysis/packet-set';
import { packetsOfPath, type RuleRef, type Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { pathsTo } from './jump-path';
import { hasTarget, rulesOf } from './table-rules';

export interface NatRule {
  readonly ref: RuleRef;
  readonly path: readonly RuleRef[];
  readonly hook: string;
  /** All conditions of the path together; one for each alternative. */
  readonly boxes: readonly Box[];
  /** False: a condition takes some packets only, and nobody can say which (a set, an owner, `limit`). */
  readonly exact: boolean;
  /** Undefined for REDIRECT and MASQUERADE: an address of the host. */
  readonly addresses: { readonly min: Address; readonly max: Address } | undefined;
  readonly ports: { readonly min: number; readonly max: number } | undefined;
}

export const SOURCE_NAT: readonly string[] = ['MASQUERADE', 'SNAT'];
export const DESTINATION_NAT: readonly string[] = ['DNAT', 'REDIRECT'];

/** A ruleset with more of them is written by a program, and is not looked at one by one. */
const MOST_RULES = 300;

const known = new WeakMap<LintContext, Map<string, readonly NatRule[]>>();

export function natRules(context: LintContext, targets: readonly string[]): readonly NatRule[] {
  const key = targets.join(' ');
  const found = known.get(context) ?? new Map<string, readonly NatRule[]>();
  const rules = found.get(key) ?? gather(context, targets);
  known.set(context, found.set(key, rules));
  return rules;
}

function gather(context: LintContext, targets: readonly string[]): readonly NatRule[] {
  const refs = rulesOf(context.ruleset, 'nat').filter((ref) => hasTarget(ref, ...targets));
  if (refs.length === 0 || refs.length > MOST_RULES) return [];
  const walker = context.walker();
  return refs.flatMap((ref) => pathsTo(context.ruleset, ref).flatMap((path) => natRule(walker, ref, path) ?? []));
}

function natRule(walker: Walker, ref: RuleRef, path: readonly RuleRef[]): NatRule | undefined {
  const pieces = packetsOfPath(walker, path, {});
  if (pieces.length === 0) return undefined;
  const range = rangeOf(ref.rule.target);
  return {
    ref,
    path,
    hook: path[0]?.chain ?? '',
    boxes: pieces.map(({ box }) => box),
    exact: pieces.every(({ exact }) => exact),
    addresses: range?.addresses,
    ports: range?.ports,
  };
}

/** `--to-destination`, `--to-source`, `--to-ports`. */
function rangeOf(target: TargetUse): NatRange | undefined {
  if (target.kind !== 'target') return undefined;
  const { 'to-destination': to, 'to-source': from, 'to-ports': ports } = target.options;
  if (ports !== undefined && isObject(ports.value)) return { ports: ports.value } as unknown as NatRange;
  const value = (to ?? from)?.value;
  return value !== undefined && isObject(value) ? (value as unknown as NatRange) : undefined;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The packets of a box after the translation of their destination, as the filter table sees them. */
export function translatedBox({ addresses, ports }: NatRule, box: Box): Box {
  const { dst: _, dstType: __, dport, ...rest } = box;
  const set: IntervalSet | undefined = ports ? interval(ports.min, ports.max + 1) : dport;
  return {
    ...rest,
    ...(addresses && { dst: addressRange(addresses.min, addresses.max) }),
    ...(set && { dport: set }),
  };
}

export function isLoopback(address: Address): boolean {
  return familyOf(address) === 'ipv4' ? address.startsWith('127.') : addressValue(address) === 1n;
}

const DECIDING = ['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'ACCEPT'];

/** A translation, or an exemption from one: the first that matches decides. */
export function decidesOnNat(ref: RuleRef): boolean {
  return ref.table === 'nat' && hasTarget(ref, ...DECIDING);
}

/** Whether it would do something else than the rule that takes its packets. */
export function isOtherNat({ rule: { target: a } }: RuleRef, { rule: { target: b } }: RuleRef): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
