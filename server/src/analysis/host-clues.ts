/** What the rules of a ruleset say about the host they were written for, rule by rule. */
import type { NatRange } from '../../../src-sim/conntrack/entry';
import {
  ADDRESS_BITS,
  type Address,
  type AddressMask,
  familyOf,
  prefixLength,
  prefixMask,
} from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Json, Rule, Ruleset, TargetUse } from '../../../src-sim/netfilter/ruleset';
import type { RegionCondition } from '../../../src-sim/xt/region';
import { regionsOf } from './rule-packets';

export interface HostClue {
  /** Interfaces by which the rule's packets come and go. */
  readonly inside: string | undefined;
  readonly outside: string | undefined;
  /** Networks that its packets come from and go to. */
  readonly src: AddressMask | undefined;
  readonly dst: AddressMask | undefined;
  /** An address that must be the host's own. */
  readonly local: Address | undefined;
  /** Where DNAT sends packets. */
  readonly translation: AddressMask | undefined;
  /** The network that SNAT and MASQUERADE hide. */
  readonly behind: AddressMask | undefined;
  /** Whether the rule's interface is the one to the Internet: SNAT leaves by it, DNAT comes in by it. */
  readonly faces: 'outer' | undefined;
}

export function hostClues(ruleset: Ruleset): readonly HostClue[] {
  return ruleset.tables.flatMap((table) =>
    table.chains.flatMap((chain) => chain.rules.map((rule) => clueOf(table.name, chain.name, rule))),
  );
}

function clueOf(table: TableName, chain: string, rule: Rule): HostClue {
  const conditions = conditionsOf(rule);
  const src = networkIn(conditions, 'src');
  const dst = networkIn(conditions, 'dst');
  const inside = interfaceIn(conditions, 'in');
  const outside = interfaceIn(conditions, 'out');
  const kind = translationKind(rule.target);
  const to = translatedAddress(rule.target);
  const ownDestination = (kind === 'dst' || (table === 'filter' && chain === 'INPUT')) && isHost(dst);
  const local = kind === 'src' ? to : ownDestination ? dst?.address : undefined;
  return {
    inside,
    outside,
    src: isHost(src) ? undefined : src,
    dst: isHost(dst) ? undefined : dst,
    local,
    translation: kind === 'dst' && to !== undefined ? hostMask(to) : undefined,
    behind: kind === 'src' ? src : undefined,
    faces: kind === 'src' || (kind === 'dst' && to !== undefined) ? 'outer' : undefined,
  };
}

/** What surely holds of the rule's packets: alternatives and inverted conditions say nothing of one address. */
function conditionsOf(rule: Rule): readonly RegionCondition[] {
  return rule.matches.flatMap((match) => {
    const regions = regionsOf(match) ?? [];
    const [only] = regions;
    return regions.length === 1 && only ? only.conditions.filter(({ inverted }) => !inverted) : [];
  });
}

function interfaceIn(conditions: readonly RegionCondition[], field: 'in' | 'out'): string | undefined {
  const found = conditions.find((condition) => condition.kind === 'interface' && condition.field === field);
  if (found?.kind !== 'interface' || found.pattern === 'lo' || found.pattern === '+') return undefined;
  return found.pattern.endsWith('+') ? `${found.pattern.slice(0, -1)}0` : found.pattern;
}

function networkIn(conditions: readonly RegionCondition[], field: 'src' | 'dst'): AddressMask | undefined {
  const found = conditions.find((condition) => condition.kind === 'network' && condition.field === field);
  if (found?.kind !== 'network') return undefined;
  const { address } = found.network;
  const length = prefixLength(found.network.mask);
  const isUnicast = !/^(0|127|22[4-9]|23\d|24\d|25[0-5])\.|^(::1?$|ff|fe80)/.test(address);
  return length !== undefined && length > 0 && isUnicast ? found.network : undefined;
}

function isHost(network: AddressMask | undefined): boolean {
  return network !== undefined && prefixLength(network.mask) === ADDRESS_BITS[familyOf(network.address)];
}

function hostMask(address: Address): AddressMask {
  const family = familyOf(address);
  return { address, mask: prefixMask(ADDRESS_BITS[family], family) };
}

function translationKind(target: TargetUse): 'src' | 'dst' | undefined {
  if (target.kind !== 'target') return undefined;
  if (target.name === 'SNAT' || target.name === 'MASQUERADE') return 'src';
  return target.name === 'DNAT' || target.name === 'REDIRECT' ? 'dst' : undefined;
}

/** The first address of the range that a target translates to. */
function translatedAddress(target: TargetUse): Address | undefined {
  if (target.kind !== 'target') return undefined;
  return Object.values(target.options)
    .map(({ value }) => (isRange(value) ? value.addresses?.min : undefined))
    .find((address) => address !== undefined);
}

function isRange(value: Json): value is Json & NatRange {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'addresses' in value;
}
