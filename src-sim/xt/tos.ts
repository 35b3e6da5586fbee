import {
  compare,
  defineMatch,
  defineTarget,
  fails,
  given as gives,
  leaves,
  option,
  same,
  saved,
  takes,
} from './define';
import { bad, hexByte, keyword, ok, parseUnsigned, unsigned, word } from './value-types';

/** @see RFC 1349; extensions/tos_values.c. Names look at six bits only. */
const NAMES = [
  { text: 'Minimize-Delay', summary: '0x10', value: 0x10 },
  { text: 'Maximize-Throughput', summary: '0x08', value: 0x08 },
  { text: 'Maximize-Reliability', summary: '0x04', value: 0x04 },
  { text: 'Minimize-Cost', summary: '0x02', value: 0x02 },
  { text: 'Normal-Service', summary: '0x00', value: 0x00 },
] as const;

const NAME_MASK = 0x3f;

type TosMask = { readonly value: number; readonly mask: number };

const named = keyword('name of a TOS', NAMES);

const tosMask = word<TosMask>(
  'value[/mask] or name',
  (text, family) => {
    const name = named.parse([text], family);
    if (name.ok) return ok({ value: NAMES.find((one) => one.text === name.value)?.value ?? 0, mask: NAME_MASK });
    const [valueText = '', maskText = '0xff', ...rest] = text.split('/');
    const value = parseUnsigned(valueText);
    const mask = parseUnsigned(maskText);
    const wrong = value === undefined || value > 255 || mask === undefined || mask > 255 || rest.length > 0;
    return wrong ? bad(`"${text}" is neither a byte nor the name of a TOS`) : ok({ value, mask });
  },
  ({ value, mask }) => `${hexByte(value)}/${hexByte(mask)}`,
  NAMES,
);

const bits = unsigned('bits', 0, 255, hexByte);

export const tos = defineMatch({
  name: 'tos',
  families: ['ipv4', 'ipv6'],
  summary: 'The TOS byte of an IPv4 packet, or the traffic class of IPv6.',
  details: 'A number without a mask compares all eight bits, ECN included; a name compares the lower six.',
  kernel: 'net/netfilter/xt_dscp.c:tos_mt',
  options: {
    tos: option(tosMask, '`VALUE[/MASK]` or a name: the byte, ANDed with the mask, equals the value.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-m tos --tos 16', '-m tos --tos 0x10/0xff'),
    saved('-m tos ! --tos minimize-delay', '-m tos ! --tos 0x10/0x3f'),
    same('-m tos --tos 0x10/0x3f'),
    fails('-m tos --tos Minimize', 'neither'),
    fails('-m tos', 'required'),
    takes('-m tos --tos 0x10/0x3f', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 tos=0x50'),
    leaves('-m tos --tos 0x10', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 tos=0x11'),
  ],
  matches(packet, given) {
    const { value, mask } = given.tos.value;
    return compare('tos', given.tos, (packet.tos & mask) === value, () => `the TOS is ${hexByte(packet.tos)}`);
  },
});

export const TOS = defineTarget({
  name: 'TOS',
  families: ['ipv4', 'ipv6'],
  summary: 'Changes the TOS byte of the packet (IPv6: traffic class); the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_DSCP.c:tos_tg',
  tables: ['mangle'],
  oneOf: [['set-tos', 'and-tos', 'or-tos', 'xor-tos']],
  options: {
    'set-tos': option(tosMask, 'Clear the bits of the mask, then XOR the value in.'),
    'and-tos': option(bits, 'Keep only these bits.'),
    'or-tos': option(bits, 'Set these bits.'),
    'xor-tos': option(bits, 'Turn these bits over.'),
  },
  examples: [
    saved('-j TOS --set-tos 0x10', '-j TOS --set-tos 0x10/0xff'),
    saved('-j TOS --set-tos Normal-Service', '-j TOS --set-tos 0x00/0x3f'),
    saved('-j TOS --and-tos 0x10', '-j TOS --set-tos 0x00/0xef'),
    saved('-j TOS --or-tos 0x10', '-j TOS --set-tos 0x10/0x10'),
    saved('-j TOS --xor-tos 0x10', '-j TOS --set-tos 0x10/0x00'),
    fails('-j TOS', 'one of'),
    fails('-j TOS --set-tos 256', 'neither'),
  ],
  canonical(given) {
    return { 'set-tos': gives(changeOf(given)) };
  },
  apply(packet, given) {
    const { value, mask } = changeOf(given);
    return { kind: 'continue', packet: { ...packet, tos: (packet.tos & ~mask) ^ value } };
  },
  effect: () => ({ kind: 'continue' }),
});

interface TosOptions {
  readonly 'set-tos'?: { readonly value: TosMask };
  readonly 'and-tos'?: { readonly value: number };
  readonly 'or-tos'?: { readonly value: number };
  readonly 'xor-tos'?: { readonly value: number };
}

function changeOf({ 'set-tos': set, 'and-tos': and, 'or-tos': or, 'xor-tos': xor }: TosOptions): TosMask {
  if (set) return set.value;
  if (and) return { value: 0, mask: ~and.value & 0xff };
  return or ? { value: or.value, mask: or.value } : { value: xor?.value ?? 0, mask: 0 };
}
