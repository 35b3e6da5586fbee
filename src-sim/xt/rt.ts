import { type Address, familyOf, parseAddress } from '../net/address';
import { addressBytes, bytesOf } from '../net/bytes';
import { EXTENSION, extensionLength, findIpv6Header } from '../net/ipv6-header';
import { numberAt } from '../net/transport-header';
import type { Given } from '../netfilter/ruleset';
import {
  compare,
  defineMatch,
  fails,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  type Parsed,
  same,
  type ValueType,
} from './define';
import { allParsed, bad, flag, inSpan, type NumberSpan, numberSpan, ok, uint32, word } from './value-types';

const EVERY = 0xffff_ffff;

const segments: ValueType<NumberSpan> = {
  ...numberSpan('number[:number]', EVERY),
  omitted: ({ min, max }) => min === 0 && max === EVERY,
};

/** @kernel include/uapi/linux/netfilter_ipv6/ip6t_rt.h:IP6T_RT_HOPS */
const MOST_HOPS = 16;

const addresses = word<readonly Address[]>(
  'address[,…]',
  (text) => {
    const list = text.split(',');
    return list.length > MOST_HOPS ? bad(`at most ${MOST_HOPS} addresses`) : allParsed(list.map(readIpv6));
  },
  (list) => list.join(','),
);

function readIpv6(text: string): Parsed<Address> {
  const found = parseAddress(text);
  return found !== undefined && familyOf(found) === 'ipv6' ? ok(found) : bad(`"${text}" is not an IPv6 address`);
}

export const rt = defineMatch({
  name: 'rt',
  families: ['ipv6'],
  summary: 'The routing header of an IPv6 packet; with no option, that it has one.',
  details: 'Type 0 lets a stranger choose the way; hosts have ignored it since RFC 5095, so this match finds little.',
  kernel: 'net/ipv6/netfilter/ip6t_rt.c:rt_mt6',
  options: {
    'rt-type': option(uint32, 'Type of the header.', { invert: true }),
    'rt-segsleft': option(segments, 'Hops that are left.', { invert: true }),
    'rt-len': option(uint32, 'Length of the header in bytes.', { invert: true }),
    'rt-0-res': option(flag, 'The reserved field is 0 (type 0).', { requires: ['rt-type'] }),
    'rt-0-addrs': option(addresses, 'The addresses of the way (type 0).', { requires: ['rt-type'] }),
    'rt-0-not-strict': option(flag, 'These addresses, with others between them (type 0).', {
      requires: ['rt-0-addrs'],
    }),
  },
  examples: [
    same('-m rt --rt-type 0 --rt-0-res --rt-0-addrs ::1,::2 --rt-0-not-strict'),
    same('-m rt ! --rt-type 0 --rt-segsleft 1:5 ! --rt-len 8'),
    same('-m rt'),
    fails('-m rt --rt-0-res', 'needs'),
    leaves('-m rt --rt-type 0', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches(packet, given) {
    const found = findIpv6Header(packet, EXTENSION.routing);
    if (found === 'absent') return mismatch('', 'the packet has no routing header');
    if (found === 'broken') return { kind: 'hotdrop', reason: 'the headers of the packet are cut short' };
    const bytes = bytesOf(packet);
    const { offset } = found;
    const size = extensionLength(EXTENSION.routing, bytes, offset);
    if (offset + size > bytes.length) return mismatch('', 'the header is longer than the packet');
    const { 'rt-type': type, 'rt-segsleft': left, 'rt-len': length } = given;
    const [hasType = 0, hasLeft = 0] = bytes.subarray(offset + 2, offset + 4);
    const answers = [
      left ? compare('rt-segsleft', left, inSpan(hasLeft, left.value), () => `${hasLeft} hops are left`) : true,
      length ? compare('rt-len', length, size === length.value, () => `the header has ${size} bytes`) : true,
      type ? compare('rt-type', type, hasType === type.value, () => `the type is ${hasType}`) : true,
      !given['rt-0-res'] || numberAt(packet, offset + 4, 4) === 0 || mismatch('rt-0-res', 'the field is not 0'),
      compareWay(given, bytes.subarray(offset + 8, offset + size)),
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
});

interface WayOptions {
  readonly 'rt-0-addrs'?: Given<readonly Address[]>;
  readonly 'rt-0-not-strict'?: Given<true>;
}

const ADDRESS_BYTES = 16;

/** @param bytes the addresses of the header, one behind the other */
function compareWay({ 'rt-0-addrs': wanted, 'rt-0-not-strict': loose }: WayOptions, bytes: Uint8Array): MatchAnswer {
  if (wanted === undefined) return true;
  const count = Math.floor(bytes.length / ADDRESS_BYTES);
  const isAt = (place: number, address: Address | undefined) =>
    address !== undefined &&
    addressBytes(address).every((byte, index) => byte === bytes[place * ADDRESS_BYTES + index]);
  let seen = 0;
  for (let place = 0; place < count && seen < wanted.value.length; place++) {
    if (isAt(place, wanted.value[seen])) seen += 1;
    else if (!loose) break;
  }
  const held = seen === wanted.value.length && (loose !== undefined || seen === count);
  return held || mismatch('rt-0-addrs', 'the way has other addresses');
}
