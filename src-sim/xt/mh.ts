import { EXTENSION } from '../net/ipv6-header';
import { PROTOCOL } from '../net/protocol';
import { numberAt, transportOffset } from '../net/transport-header';
import { compare, defineMatch, fails, mismatch, option, same, saved, type ValueType } from './define';
import { bad, inSpan, type NumberSpan, numberSpan } from './value-types';

/** Types of RFC 6275 §6.1, by number. */
const TYPES: readonly (readonly [name: string, short: string])[] = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
];

const numbers = numberSpan('type[:type]', 255);

/** Left out by iptables-save where it means every type. @see extensions/libip6t_mh.c: mh_save */
const typeSpan: ValueType<NumberSpan> = {
  ...numbers,
  parse([text = ''], family) {
    const read = numbers.parse([text.split(':').map(numberText).join(':')], family);
    return read.ok && read.value.min > read.value.max ? bad<NumberSpan>('the range runs backwards') : read;
  },
  omitted: ({ min, max }) => min === 0 && max === 255,
  choices: TYPES.map(([text, short], type) => ({ text, summary: `type ${type}, ${short}` })),
};

function numberText(text: string): string {
  const type = TYPES.findIndex((names) => names.includes(text.toLowerCase()));
  return type === -1 ? text : `${type}`;
}

export const mh = defineMatch({
  name: 'mh',
  families: ['ipv6'],
  loadedBy: [PROTOCOL.mh],
  protocols: [PROTOCOL.mh],
  summary: 'The mobility header of an IPv6 packet (Mobile IPv6).',
  kernel: 'net/ipv6/netfilter/ip6t_mh.c:mh_mt6',
  options: { 'mh-type': option(typeSpan, 'Type of the message, or the smallest and the largest.', { invert: true }) },
  examples: [
    same('-p mobility-header -m mh'),
    same('-p mobility-header -m mh ! --mh-type 4:123'),
    saved('-p mobility-header -m mh --mh-type binding-update', '-p mobility-header -m mh --mh-type 5'),
    fails('-m mh', 'needs -p mh'),
  ],
  matches(packet, { 'mh-type': type }) {
    const offset = transportOffset(packet);
    if (offset === undefined) return mismatch('', 'a later fragment has no such header');
    const next = numberAt(packet, offset, 1);
    const hasType = numberAt(packet, offset + 2, 1);
    if (hasType === undefined || offset + HEADER_BYTES > packet.length)
      return { kind: 'hotdrop', reason: 'the packet has not the whole header' };
    if (next !== EXTENSION.none) return { kind: 'hotdrop', reason: 'something follows the header' };
    return type ? compare('mh-type', type, inSpan(hasType, type.value), () => `the type is ${hasType}`) : true;
  },
});

/** @see RFC 6275 §6.1.1 */
const HEADER_BYTES = 6;
