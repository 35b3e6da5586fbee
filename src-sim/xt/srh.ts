import { type Address, addressFromValue, inNetwork } from '../net/address';
import { bytesOf } from '../net/bytes';
import { EXTENSION, extensionLength, findIpv6Header } from '../net/ipv6-header';
import type { Packet } from '../net/packet';
import type { Given } from '../netfilter/ruleset';
import { type Network, network } from './address-types';
import { compare, defineMatch, fails, leaves, type MatchAnswer, mismatch, option, same, saved } from './define';
import { uint8, uint16 } from './value-types';

const INVERT = { invert: true };

export const srh = defineMatch({
  name: 'srh',
  families: ['ipv6'],
  summary: 'The segment routing header of an IPv6 packet (RFC 8754); with no option, that it has one.',
  kernel: 'net/ipv6/netfilter/ip6t_srh.c:srh1_mt6',
  options: {
    'srh-next-hdr': option(uint8, 'The next header.', INVERT),
    'srh-hdr-len-eq': option(uint8, 'Its length.', INVERT),
    'srh-hdr-len-gt': option(uint8, 'It is longer.', INVERT),
    'srh-hdr-len-lt': option(uint8, 'It is shorter.', INVERT),
    'srh-segs-left-eq': option(uint8, 'Segments that are left.', INVERT),
    'srh-segs-left-gt': option(uint8, 'More segments are left.', INVERT),
    'srh-segs-left-lt': option(uint8, 'Less segments are left.', INVERT),
    'srh-last-entry-eq': option(uint8, 'The last entry.', INVERT),
    'srh-last-entry-gt': option(uint8, 'It is greater.', INVERT),
    'srh-last-entry-lt': option(uint8, 'It is less.', INVERT),
    'srh-tag': option(uint16, 'The tag.', INVERT),
    'srh-psid': option(network, 'The segment before this one.', INVERT),
    'srh-nsid': option(network, 'The next segment.', INVERT),
    'srh-lsid': option(network, 'The last segment.', INVERT),
  },
  examples: [
    same('-m srh'),
    same('-m srh ! --srh-hdr-len-eq 8 --srh-segs-left-lt 3 --srh-last-entry-gt 1 --srh-tag 5'),
    saved('-m srh --srh-psid a::/64 --srh-nsid b::1', '-m srh --srh-psid a::/64 --srh-nsid b::1/128'),
    fails('-m srh --srh-next-hdr 256', 'out of range'),
    leaves('-m srh', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches(packet, given) {
    const header = readHeader(packet);
    if (header === undefined) return mismatch('', 'the packet has no segment routing header');
    const numbers = NUMBER_TESTS.map(({ option: name, field, op }) => {
      const test = given[name];
      const value = header[field];
      return test ? compare(name, test, OPERATORS[op](value, test.value), () => `${NAMES[field]} is ${value}`) : true;
    });
    const failed = numbers.find((answer) => answer !== true);
    return failed ?? compareSegments(given, header);
  },
});

interface SegmentRoutingHeader {
  readonly next: number;
  readonly length: number;
  readonly left: number;
  readonly last: number;
  readonly tag: number;
  /** The segment at a place of the list; undefined beyond the packet. */
  segment(place: number): Address | undefined;
}

type NumberKey = 'next' | 'length' | 'left' | 'last' | 'tag';

const NAMES: Readonly<Record<NumberKey, string>> = {
  next: 'the next header',
  length: 'the length',
  left: 'the number of segments left',
  last: 'the last entry',
  tag: 'the tag',
};

const OPERATORS = {
  eq: (value: number, wanted: number) => value === wanted,
  gt: (value: number, wanted: number) => value > wanted,
  lt: (value: number, wanted: number) => value < wanted,
} as const;

/** In the kernel's order. */
const NUMBER_TESTS = [
  { option: 'srh-next-hdr', field: 'next', op: 'eq' },
  { option: 'srh-hdr-len-eq', field: 'length', op: 'eq' },
  { option: 'srh-hdr-len-gt', field: 'length', op: 'gt' },
  { option: 'srh-hdr-len-lt', field: 'length', op: 'lt' },
  { option: 'srh-segs-left-eq', field: 'left', op: 'eq' },
  { option: 'srh-segs-left-gt', field: 'left', op: 'gt' },
  { option: 'srh-segs-left-lt', field: 'left', op: 'lt' },
  { option: 'srh-last-entry-eq', field: 'last', op: 'eq' },
  { option: 'srh-last-entry-gt', field: 'last', op: 'gt' },
  { option: 'srh-last-entry-lt', field: 'last', op: 'lt' },
  { option: 'srh-tag', field: 'tag', op: 'eq' },
] as const;

/** RFC 8754 §2: the type of routing header. */
const SEGMENT_ROUTING = 4;
const FIXED_BYTES = 8;
const SEGMENT_BYTES = 16;

function readHeader(packet: Packet): SegmentRoutingHeader | undefined {
  const found = findIpv6Header(packet, EXTENSION.routing);
  if (typeof found === 'string') return undefined;
  const bytes = bytesOf(packet);
  const { offset } = found;
  const size = extensionLength(EXTENSION.routing, bytes, offset);
  const [next = 0, length = 0, type, left = 0, last = 0] = bytes.subarray(offset, offset + FIXED_BYTES);
  if (offset + size > bytes.length || type !== SEGMENT_ROUTING || left > last) return undefined;
  return {
    next,
    length,
    left,
    last,
    // The kernel compares the two bytes of the packet with a number of this machine's.
    tag: ((bytes[offset + 7] ?? 0) << 8) | (bytes[offset + 6] ?? 0),
    segment(place) {
      const start = offset + FIXED_BYTES + place * SEGMENT_BYTES;
      return start + SEGMENT_BYTES > bytes.length ? undefined : addressOf(bytes.subarray(start, start + SEGMENT_BYTES));
    },
  };
}

function addressOf(bytes: Uint8Array): Address {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return addressFromValue(value, 'ipv6');
}

interface SegmentOptions {
  readonly 'srh-psid'?: Given<Network>;
  readonly 'srh-nsid'?: Given<Network>;
  readonly 'srh-lsid'?: Given<Network>;
}

function compareSegments(given: SegmentOptions, header: SegmentRoutingHeader): MatchAnswer {
  const { left, last } = header;
  const tests = [
    { name: 'srh-psid', test: given['srh-psid'], place: left === last ? undefined : left + 1 },
    { name: 'srh-nsid', test: given['srh-nsid'], place: left === 0 ? undefined : left - 1 },
    { name: 'srh-lsid', test: given['srh-lsid'], place: 0 },
  ];
  for (const { name, test, place } of tests) {
    if (test === undefined) continue;
    const segment = place === undefined ? undefined : header.segment(place);
    if (segment === undefined) return mismatch(name, 'there is no such segment');
    const answer = compare(name, test, inNetwork(segment, test.value), () => `the segment is ${segment}`);
    if (answer !== true) return answer;
  }
  return true;
}
