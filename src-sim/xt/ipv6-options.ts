/**
 * The two headers of IPv6 that hold options, for every hop and for the destination.
 *
 * @kernel net/ipv6/netfilter/ip6t_hbh.c:hbh_mt6
 */
import { bytesOf } from '../net/bytes';
import { extensionLength, findIpv6Header } from '../net/ipv6-header';
import type { Packet } from '../net/packet';
import type { Given } from '../netfilter/ruleset';
import { compare, type MatchAnswer, mismatch } from './define';
import type { HeaderOption } from './ipv6-options-type';

export interface OptionsAsked {
  /** `hbh` or `dst`: the options' names begin so. */
  readonly name: string;
  /** Number of the header. */
  readonly header: number;
  readonly length: Given<number> | undefined;
  readonly options: readonly HeaderOption[];
}

export function compareOptions(packet: Packet, { name, header, length, options }: OptionsAsked): MatchAnswer {
  const found = findIpv6Header(packet, header);
  if (found === 'absent') return mismatch('', 'the packet has no such header');
  if (found === 'broken') return { kind: 'hotdrop', reason: 'the headers of the packet are cut short' };
  const bytes = bytesOf(packet);
  const { offset } = found;
  const size = extensionLength(header, bytes, offset);
  if (offset + size > bytes.length) return { kind: 'hotdrop', reason: 'the header is longer than the packet' };
  const holds = hasOptions(bytes.subarray(offset + 2, offset + size), options);
  if (!holds) return mismatch(`${name}-opts`, 'the header holds other options');
  return length ? compare(`${name}-len`, length, size === length.value, () => `the header has ${size} bytes`) : true;
}

/** PAD1 alone has no length. @see RFC 8200 §4.2 */
const PAD1 = 0;

function hasOptions(bytes: Uint8Array, wanted: readonly HeaderOption[]): boolean {
  let at = 0;
  for (const [index, { type, length }] of wanted.entries()) {
    if (at >= bytes.length || bytes[at] !== type) return false;
    const size = bytes[at + 1];
    if (type !== PAD1 && (size === undefined || (length !== null && length !== ANY_LENGTH && size !== length)))
      return false;
    at += type === PAD1 ? 1 : (size ?? 0) + 2;
    if (at > bytes.length && index < wanted.length - 1) return false;
  }
  return true;
}

/** What the kernel is told where no length was given. */
const ANY_LENGTH = 0xff;
