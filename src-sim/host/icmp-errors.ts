/** The ICMP errors that a host sends, by what they say, in both families. */
import type { Family } from '../net/address';

export type IcmpErrorKind =
  | 'no-route'
  | 'unreachable-route'
  | 'host-unreachable'
  | 'beyond-scope'
  | 'prohibited'
  | 'protocol-unreachable'
  | 'port-unreachable'
  | 'bad-header'
  | 'unknown-option'
  | 'too-big'
  | 'time-exceeded'
  | 'reassembly-time-exceeded';

export interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly name: string;
}

const error = (type: number, code: number, name: string): IcmpError => ({ type, code, name });

/** RFC 792, RFC 1812; RFC 4443. */
export const ICMP_ERRORS: Readonly<Record<Family, Readonly<Record<IcmpErrorKind, IcmpError>>>> = {
  ipv4: {
    'no-route': error(3, 0, 'ICMP network unreachable'),
    'unreachable-route': error(3, 1, 'ICMP host unreachable'),
    'host-unreachable': error(3, 1, 'ICMP host unreachable'),
    'beyond-scope': error(3, 1, 'ICMP host unreachable'),
    prohibited: error(3, 13, 'ICMP administratively prohibited'),
    'protocol-unreachable': error(3, 2, 'ICMP protocol unreachable'),
    'port-unreachable': error(3, 3, 'ICMP port unreachable'),
    'bad-header': error(12, 0, 'ICMP parameter problem'),
    'unknown-option': error(12, 0, 'ICMP parameter problem'),
    'too-big': error(3, 4, 'ICMP fragmentation needed'),
    'time-exceeded': error(11, 0, 'ICMP time exceeded'),
    'reassembly-time-exceeded': error(11, 1, 'ICMP fragment reassembly time exceeded'),
  },
  ipv6: {
    'no-route': error(1, 0, 'ICMPv6 no route'),
    'unreachable-route': error(1, 0, 'ICMPv6 no route'),
    'host-unreachable': error(1, 3, 'ICMPv6 address unreachable'),
    'beyond-scope': error(1, 2, 'ICMPv6 beyond scope of the source'),
    prohibited: error(1, 1, 'ICMPv6 administratively prohibited'),
    'protocol-unreachable': error(4, 1, 'ICMPv6 unknown next header'),
    'port-unreachable': error(1, 4, 'ICMPv6 port unreachable'),
    'bad-header': error(4, 0, 'ICMPv6 erroneous header field'),
    'unknown-option': error(4, 2, 'ICMPv6 unknown option'),
    'too-big': error(2, 0, 'ICMPv6 packet too big'),
    'time-exceeded': error(3, 0, 'ICMPv6 time exceeded'),
    'reassembly-time-exceeded': error(3, 1, 'ICMPv6 fragment reassembly time exceeded'),
  },
};

/** What `--reject-with` sends. @kernel net/ipv4/netfilter/ipt_REJECT.c:reject_tg, net/ipv6/netfilter/ip6t_REJECT.c:reject_tg6 */
export const REJECT_ERRORS: ReadonlyMap<string, IcmpError> = new Map(
  (
    [
      ['icmp-net-unreachable', 3, 0],
      ['icmp-host-unreachable', 3, 1],
      ['icmp-proto-unreachable', 3, 2],
      ['icmp-port-unreachable', 3, 3],
      ['icmp-net-prohibited', 3, 9],
      ['icmp-host-prohibited', 3, 10],
      ['icmp-admin-prohibited', 3, 13],
      ['icmp6-no-route', 1, 0],
      ['icmp6-adm-prohibited', 1, 1],
      ['icmp6-addr-unreachable', 1, 3],
      ['icmp6-port-unreachable', 1, 4],
      ['icmp6-policy-fail', 1, 5],
      ['icmp6-reject-route', 1, 6],
    ] as const
  ).map(([name, type, code]) => [name, error(type, code, `REJECT's ${name}`)]),
);

/** Types that are errors, or that nothing may answer with an error. @kernel net/ipv4/icmp.c:icmp_pointers, net/ipv6/icmp.c:is_ineligible */
export function mayNotBeAnswered(family: Family, type: number): boolean {
  return family === 'ipv6' ? type < 128 || type === 137 : IPV4_ERRORS.has(type) || type > HIGHEST_KNOWN_TYPE;
}

const IPV4_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const HIGHEST_KNOWN_TYPE = 18;
