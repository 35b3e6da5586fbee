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
import { hexByte, keyword, unsigned } from './value-types';

const codePoint = unsigned('code point from 0 to 63', 0, 63, hexByte);

/** @see RFC 2474 §4.2.2, RFC 2597 §6, RFC 3246 §2.7 */
const CLASSES = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((selector) => ({ text: `CS${selector}`, value: selector << 3 })),
  { text: 'BE', value: 0 },
  ...[1, 2, 3, 4].flatMap((group) =>
    [1, 2, 3].map((drop) => ({ text: `AF${group}${drop}`, value: (group << 3) | (drop << 1) })),
  ),
  { text: 'EF', value: 0x2e },
].map(({ text, value }) => ({ text, value, summary: hexByte(value) }));

const className = keyword('DiffServ class', CLASSES);

function codeOf(name: string): number {
  return CLASSES.find(({ text }) => text === name)?.value ?? 0;
}

export const dscp = defineMatch({
  name: 'dscp',
  families: ['ipv4', 'ipv6'],
  summary: 'The DiffServ code point: the upper six bits of the TOS byte.',
  kernel: 'net/netfilter/xt_dscp.c:dscp_mt',
  oneOf: [['dscp', 'dscp-class']],
  options: {
    dscp: option(codePoint, 'The code point as a number.', { invert: true }),
    'dscp-class': option(className, 'The code point by the name of its class.', { invert: true }),
  },
  examples: [
    saved('-m dscp ! --dscp-class ef', '-m dscp ! --dscp 0x2e'),
    saved('-m dscp --dscp 0', '-m dscp --dscp 0x00'),
    same('-m dscp ! --dscp 0x2e'),
    fails('-m dscp --dscp 64', 'out of range'),
    takes('-m dscp --dscp-class EF', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 tos=0xb9'),
    leaves('-m dscp --dscp 0', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 tos=0xb8'),
  ],
  canonical({ dscp: number, 'dscp-class': name }) {
    if (name) return { dscp: gives(codeOf(name.value), name.inverted) };
    return number ? { dscp: number } : {};
  },
  matches(packet, given) {
    const { dscp: number, 'dscp-class': name } = given;
    const code = packet.tos >> 2;
    const saw = () => `the code point is ${hexByte(code)}`;
    if (number) return compare('dscp', number, code === number.value, saw);
    return name ? compare('dscp-class', name, code === codeOf(name.value), saw) : true;
  },
});

export const DSCP = defineTarget({
  name: 'DSCP',
  families: ['ipv4', 'ipv6'],
  summary: 'Sets the DiffServ code point of the packet; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_DSCP.c:dscp_tg',
  tables: ['mangle'],
  oneOf: [['set-dscp', 'set-dscp-class']],
  options: {
    'set-dscp': option(codePoint, 'The code point as a number.'),
    'set-dscp-class': option(className, 'The code point by the name of its class.'),
  },
  examples: [
    saved('-j DSCP --set-dscp 10', '-j DSCP --set-dscp 0x0a'),
    saved('-j DSCP --set-dscp-class AF11', '-j DSCP --set-dscp 0x0a'),
    fails('-j DSCP', 'one of'),
    fails('-j DSCP --set-dscp-class AF51', 'none of'),
  ],
  canonical({ 'set-dscp': number, 'set-dscp-class': name }) {
    return { 'set-dscp': number ?? gives(codeOf(name?.value ?? '')) };
  },
  apply(packet, { 'set-dscp': number, 'set-dscp-class': name }) {
    const code = number?.value ?? codeOf(name?.value ?? '');
    return { kind: 'continue', packet: { ...packet, tos: (packet.tos & 3) | (code << 2) } };
  },
  effect: () => ({ kind: 'continue' }),
});
