/**
 * Names of ICMP and ICMPv6 types as iptables spells them. A name without `code` stands for the type with any code.
 *
 * @see iptables-extensions(8) icmp, icmp6; RFC 792, RFC 1812 §5.2.7, RFC 4443, RFC 4861
 */
import type { Family } from './address';

export interface IcmpTypeName {
  readonly name: string;
  readonly type: number;
  readonly code?: number;
  /** Other spellings that iptables takes. */
  readonly aliases?: readonly string[];
}

// biome-ignore format: a table, aligned
export const ICMP_TYPES: readonly IcmpTypeName[] = [
  { name: 'echo-reply',                  type: 0,  aliases: ['pong'] },
  { name: 'destination-unreachable',     type: 3 },
  { name: 'network-unreachable',         type: 3,  code: 0 },
  { name: 'host-unreachable',            type: 3,  code: 1 },
  { name: 'protocol-unreachable',        type: 3,  code: 2 },
  { name: 'port-unreachable',            type: 3,  code: 3 },
  { name: 'fragmentation-needed',        type: 3,  code: 4 },
  { name: 'source-route-failed',         type: 3,  code: 5 },
  { name: 'network-unknown',             type: 3,  code: 6 },
  { name: 'host-unknown',                type: 3,  code: 7 },
  { name: 'network-prohibited',          type: 3,  code: 9 },
  { name: 'host-prohibited',             type: 3,  code: 10 },
  { name: 'TOS-network-unreachable',     type: 3,  code: 11 },
  { name: 'TOS-host-unreachable',        type: 3,  code: 12 },
  { name: 'communication-prohibited',    type: 3,  code: 13 },
  { name: 'host-precedence-violation',   type: 3,  code: 14 },
  { name: 'precedence-cutoff',           type: 3,  code: 15 },
  { name: 'source-quench',               type: 4 },
  { name: 'redirect',                    type: 5 },
  { name: 'network-redirect',            type: 5,  code: 0 },
  { name: 'host-redirect',               type: 5,  code: 1 },
  { name: 'TOS-network-redirect',        type: 5,  code: 2 },
  { name: 'TOS-host-redirect',           type: 5,  code: 3 },
  { name: 'echo-request',                type: 8,  aliases: ['ping'] },
  { name: 'router-advertisement',        type: 9 },
  { name: 'router-solicitation',         type: 10 },
  { name: 'time-exceeded',               type: 11, aliases: ['ttl-exceeded'] },
  { name: 'ttl-zero-during-transit',     type: 11, code: 0 },
  { name: 'ttl-zero-during-reassembly',  type: 11, code: 1 },
  { name: 'parameter-problem',           type: 12 },
  { name: 'ip-header-bad',               type: 12, code: 0 },
  { name: 'required-option-missing',     type: 12, code: 1 },
  { name: 'timestamp-request',           type: 13 },
  { name: 'timestamp-reply',             type: 14 },
  { name: 'address-mask-request',        type: 17 },
  { name: 'address-mask-reply',          type: 18 },
];

// biome-ignore format: a table, aligned
export const ICMPV6_TYPES: readonly IcmpTypeName[] = [
  { name: 'destination-unreachable',     type: 1 },
  { name: 'no-route',                    type: 1,  code: 0 },
  { name: 'communication-prohibited',    type: 1,  code: 1 },
  { name: 'beyond-scope',                type: 1,  code: 2 },
  { name: 'address-unreachable',         type: 1,  code: 3 },
  { name: 'port-unreachable',            type: 1,  code: 4 },
  { name: 'failed-policy',               type: 1,  code: 5 },
  { name: 'reject-route',                type: 1,  code: 6 },
  { name: 'packet-too-big',              type: 2 },
  { name: 'time-exceeded',               type: 3,  aliases: ['ttl-exceeded'] },
  { name: 'ttl-zero-during-transit',     type: 3,  code: 0 },
  { name: 'ttl-zero-during-reassembly',  type: 3,  code: 1 },
  { name: 'parameter-problem',           type: 4 },
  { name: 'bad-header',                  type: 4,  code: 0 },
  { name: 'unknown-header-type',         type: 4,  code: 1 },
  { name: 'unknown-option',              type: 4,  code: 2 },
  { name: 'echo-request',                type: 128, aliases: ['ping'] },
  { name: 'echo-reply',                  type: 129, aliases: ['pong'] },
  { name: 'router-solicitation',         type: 133 },
  { name: 'router-advertisement',        type: 134 },
  { name: 'neighbour-solicitation',      type: 135, aliases: ['neighbor-solicitation'] },
  { name: 'neighbour-advertisement',     type: 136, aliases: ['neighbor-advertisement'] },
  { name: 'redirect',                    type: 137 },
];

export function icmpTypes(family: Family): readonly IcmpTypeName[] {
  return family === 'ipv4' ? ICMP_TYPES : ICMPV6_TYPES;
}

/** The type of exactly this name, case-insensitively. */
export function findIcmpType(name: string, family: Family): IcmpTypeName | undefined {
  const wanted = name.toLowerCase();
  return icmpTypes(family).find((known) =>
    [known.name, ...(known.aliases ?? [])].some((n) => n.toLowerCase() === wanted),
  );
}

/** `echo-request`, `port-unreachable`, or numbers where there is no name: `42`, `42/1`. */
export function icmpTypeText(type: number, code: number | undefined, family: Family): string {
  const named = icmpTypes(family).find((known) => known.type === type && known.code === code);
  return named?.name ?? (code === undefined ? `${type}` : `${type}/${code}`);
}
