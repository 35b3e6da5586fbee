import type { Family } from '../net/address';
import type { Given } from '../netfilter/ruleset';
import { defineTarget, fails, given as gives, option, saved } from './define';
import { type HashChoices, hmark, tupleOfEntry, tupleOfPacket } from './hmark-hash';
import { keywords, uint32, unsigned } from './value-types';

const TUPLE = [
  { text: 'src', summary: 'the source address' },
  { text: 'dst', summary: 'the destination address' },
  { text: 'sport', summary: 'the source port' },
  { text: 'dport', summary: 'the destination port' },
  { text: 'spi', summary: 'the index of an ESP or AH header' },
  { text: 'proto', summary: 'the protocol' },
  { text: 'ct', summary: 'the original tuple of the conntrack entry instead' },
] as const;

const padded = (digits: number) => (value: number) => `0x${value.toString(16).padStart(digits, '0')}`;
const bits16 = unsigned('bits', 0, 0xffff, padded(4));
const bits32 = unsigned('bits', 0, 0xffff_ffff, padded(8));
const protoBits = unsigned('bits', 0, 0xffff, padded(2));
const prefix = unsigned('prefix length', 0, 128);

export const HMARK = defineTarget({
  name: 'HMARK',
  families: ['ipv4', 'ipv6'],
  summary: 'Sets the mark from a hash of the packet’s addresses and ports; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_HMARK.c:hmark_tg_v4',
  options: {
    'hmark-src-prefix': option(prefix, 'How much of the source address counts.'),
    'hmark-dst-prefix': option(prefix, 'How much of the destination address counts.'),
    'hmark-sport-mask': option(bits16, 'Which bits of the source port count.'),
    'hmark-dport-mask': option(bits16, 'Which bits of the destination port count.'),
    'hmark-spi-mask': option(bits32, 'Which bits of the index count.'),
    'hmark-sport': option(bits16, 'Is set in the source port before.'),
    'hmark-dport': option(bits16, 'Is set in the destination port before.'),
    'hmark-spi': option(bits32, 'Is set in the index before.'),
    'hmark-proto-mask': option(protoBits, 'Which bits of the protocol count.'),
    'hmark-rnd': option(bits32, 'Start of the hash.', { required: true }),
    'hmark-mod': option(unsigned('number from 1', 1, 0xffff_ffff), 'How many marks there are.', { required: true }),
    'hmark-offset': option(uint32, 'The first of them.'),
    'hmark-tuple': option(keywords('what is hashed', TUPLE), 'What is hashed, in words.'),
  },
  examples: [
    saved(
      '-j HMARK --hmark-tuple src,dst,sport --hmark-mod 10 --hmark-offset 5 --hmark-rnd 7',
      '-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-sport-mask 0xffff --hmark-rnd 0x00000007 --hmark-mod 10 --hmark-offset 5',
    ),
    saved(
      '-j HMARK --hmark-tuple ct --hmark-src-prefix 24 --hmark-mod 10 --hmark-rnd 0xfeed --hmark-proto-mask 0xf',
      '-j HMARK --hmark-src-prefix 24 --hmark-proto-mask 0x0f --hmark-rnd 0x0000feed --hmark-mod 10 --hmark-tuple ct',
    ),
    fails('-j HMARK --hmark-tuple src --hmark-mod 10', 'required'),
    fails('-j HMARK --hmark-mod 10 --hmark-rnd 1', 'tuple'),
    fails('-j HMARK --hmark-tuple spi,sport --hmark-mod 7 --hmark-rnd 1', 'both'),
    fails('-j HMARK --hmark-tuple src --hmark-src-prefix 24 --hmark-mod 7 --hmark-rnd 1', 'twice'),
  ],
  refuses(given, { family }) {
    const { 'hmark-rnd': _, 'hmark-mod': __, 'hmark-offset': ___, 'hmark-tuple': tuple, ...parts } = given;
    if (tuple === undefined && Object.keys(parts).length === 0) return 'it needs --hmark-tuple, or parts of it';
    const asParts = tuple ? partsOf(tuple.value, family) : {};
    const twice = Object.keys(asParts).find((name) => name in parts);
    if (twice !== undefined) return `--hmark-tuple says --${twice} already: it is given twice`;
    const all = { ...parts, ...asParts };
    const ports = all['hmark-sport-mask'] ?? all['hmark-dport-mask'];
    return all['hmark-spi-mask'] && ports ? 'ports and an index cannot both be hashed' : undefined;
  },
  canonical({ 'hmark-tuple': tuple, ...rest }, family) {
    if (tuple === undefined) return rest;
    const ct = tuple.value.includes('ct') ? { 'hmark-tuple': gives(['ct'] as const) } : {};
    return { ...rest, ...partsOf(tuple.value, family), ...ct };
  },
  apply(packet, given, world) {
    const choices = choicesOf(given, world.family);
    const tuple = choices.usesConntrack ? tupleOfEntry(world.conntrack, choices) : tupleOfPacket(packet, choices);
    if (tuple) world.setMark(hmark(tuple, choices));
    return { kind: 'continue' };
  },
});

type HmarkGiven = { readonly [name in Exclude<NumberOption, 'hmark-rnd' | 'hmark-mod'>]?: Given<number> } & {
  readonly 'hmark-rnd': Given<number>;
  readonly 'hmark-mod': Given<number>;
  readonly 'hmark-tuple'?: Given<readonly Part[]>;
};

type NumberOption =
  | `hmark-${'src' | 'dst'}-prefix`
  | `hmark-${'sport' | 'dport' | 'spi' | 'proto'}-mask`
  | `hmark-${'sport' | 'dport' | 'spi' | 'rnd' | 'mod' | 'offset'}`;

function choicesOf(given: HmarkGiven, family: Family): HashChoices {
  const all: HmarkGiven = { ...given, ...partsOf(given['hmark-tuple']?.value ?? [], family) };
  const number = (name: NumberOption) => all[name]?.value ?? 0;
  const spi = { mask: number('hmark-spi-mask'), set: number('hmark-spi') };
  const ports = {
    mask: number('hmark-sport-mask') * 0x10000 + number('hmark-dport-mask'),
    set: number('hmark-sport') * 0x10000 + number('hmark-dport'),
  };
  return {
    srcPrefix: number('hmark-src-prefix'),
    dstPrefix: number('hmark-dst-prefix'),
    portMask: (all['hmark-spi-mask'] ? spi : ports).mask,
    portSet: (all['hmark-spi'] ? spi : ports).set,
    protocolMask: number('hmark-proto-mask') & 0xff,
    seed: number('hmark-rnd'),
    modulus: number('hmark-mod'),
    offset: number('hmark-offset'),
    usesConntrack: all['hmark-tuple']?.value.includes('ct') ?? false,
  };
}

type Part = (typeof TUPLE)[number]['text'];

function partsOf(tuple: readonly Part[], family: 'ipv4' | 'ipv6') {
  const whole = gives(family === 'ipv4' ? 32 : 128);
  return {
    ...(tuple.includes('src') && { 'hmark-src-prefix': whole }),
    ...(tuple.includes('dst') && { 'hmark-dst-prefix': whole }),
    ...(tuple.includes('sport') && { 'hmark-sport-mask': gives(0xffff) }),
    ...(tuple.includes('dport') && { 'hmark-dport-mask': gives(0xffff) }),
    ...(tuple.includes('spi') && { 'hmark-spi-mask': gives(0xffff_ffff) }),
    ...(tuple.includes('proto') && { 'hmark-proto-mask': gives(0xffff) }),
  };
}
