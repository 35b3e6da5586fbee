import { EXTENSION, findIpv6Header } from '../net/ipv6-header';
import type { Packet } from '../net/packet';
import { numberAt } from '../net/transport-header';
import {
  compare,
  defineMatch,
  fails,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  same,
  saved,
  takes,
  type ValueType,
} from './define';
import { flag, inSpan, type NumberSpan, numberSpan, uint32 } from './value-types';

const EVERY = 0xffff_ffff;

const idSpan: ValueType<NumberSpan> = {
  ...numberSpan('id[:id]', EVERY),
  omitted: ({ min, max }) => min === 0 && max === EVERY,
};

export const frag = defineMatch({
  name: 'frag',
  families: ['ipv6'],
  summary: 'The fragment header of an IPv6 packet; with no option, that it has one.',
  details: 'Where conntrack runs, it puts fragments together first: then no packet has this header.',
  kernel: 'net/ipv6/netfilter/ip6t_frag.c:frag_mt6',
  options: {
    fragid: option(idSpan, 'Id of the fragment, or the smallest and the largest.', { invert: true }),
    fraglen: option(uint32, 'Length of the header; the kernel does not look at it.', { invert: true }),
    fragres: option(flag, 'The reserved field is 0.'),
    fragfirst: option(flag, 'The first fragment.'),
    fragmore: option(flag, 'More fragments follow.', { excludes: ['fraglast'] }),
    fraglast: option(flag, 'The last fragment.', { excludes: ['fragmore'] }),
  },
  examples: [
    same('-m frag ! --fragid 5 --fragfirst --fragmore'),
    saved('-m frag --fragid 0:4294967295', '-m frag'),
    fails('-m frag --fragmore --fraglast', 'excludes'),
    takes('-m frag --fraglast', 'in eth0 udp 2001:db8::7 > 2001:db8:1::2 frag=@185'),
    leaves('-m frag --fraglast', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53 frag=1480@0+'),
    leaves('-m frag', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches(packet, given): MatchAnswer {
    const header = fragmentHeader(packet);
    if (header === undefined) return mismatch('', 'the packet is no fragment');
    if (header === 'broken') return { kind: 'hotdrop', reason: 'the headers of the packet are cut short' };
    const { fragid } = given;
    if (given.fragres && header.reserved !== 0) return mismatch('fragres', 'the reserved field is not 0');
    if (given.fragfirst && header.offset !== 0) return mismatch('fragfirst', 'the fragment is not the first');
    if (given.fragmore && !header.more) return mismatch('fragmore', 'the fragment is the last');
    if (given.fraglast && header.more) return mismatch('fraglast', 'more fragments follow');
    return fragid ? compare('fragid', fragid, inSpan(header.id, fragid.value), () => `the id is ${header.id}`) : true;
  },
});

interface FragmentHeader {
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
  readonly reserved: number;
}

/** @see RFC 8200 §4.5 */
function fragmentHeader(packet: Packet): FragmentHeader | 'broken' | undefined {
  const { fragment, id } = packet;
  if (fragment) return { id, offset: fragment.offset, more: fragment.more, reserved: 0 };
  const found = findIpv6Header(packet, EXTENSION.fragment);
  if (found === 'absent') return undefined;
  if (found === 'broken') return 'broken';
  const [first, last] = [numberAt(packet, found.offset, 4), numberAt(packet, found.offset + 4, 4)];
  if (first === undefined || last === undefined) return 'broken';
  return {
    id: last,
    offset: (first & 0xffff) >>> 3,
    more: (first & 1) === 1,
    reserved: ((first >>> 16) & 0xff) | (first & 6),
  };
}
