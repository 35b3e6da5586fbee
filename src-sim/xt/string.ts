import { compare, defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { findText } from './text-search';
import { bad, flag, keyword, ok, uint16, word } from './value-types';

/** @kernel include/uapi/linux/netfilter/xt_string.h:XT_STRING_MAX_PATTERN_SIZE */
const PATTERN_LIMIT = 128;

const ALGORITHMS = [
  { text: 'bm', summary: 'Boyer-Moore' },
  { text: 'kmp', summary: 'Knuth-Pratt-Morris' },
] as const;

/** Always in quotes. */
const pattern = word<string>(
  'text',
  (text) => (text === '' || text.length > PATTERN_LIMIT ? bad(`a pattern has 1 to ${PATTERN_LIMIT} bytes`) : ok(text)),
  (text) => `"${text.replace(/["\\]/g, '\\$&')}"`,
);

/** Text with bytes as hexadecimal numbers between bars: `|00 ff|abc`. The value is the bytes, one character each. */
const hexPattern = word<string>(
  'text with |hexadecimal bytes|',
  (text) => {
    const parts = text.split('|');
    const blocks = parts.map((part, index) => (index % 2 === 0 ? part : hexBytes(part)));
    if (parts.length % 2 === 0 || blocks.includes(undefined)) return bad(`"${text}" is not bytes between bars`);
    const bytes = blocks.join('');
    return bytes === '' || bytes.length > PATTERN_LIMIT ? bad(`a pattern has 1 to ${PATTERN_LIMIT} bytes`) : ok(bytes);
  },
  (bytes) => `"|${[...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')}|"`,
);

function hexBytes(block: string): string | undefined {
  const digits = block.replaceAll(' ', '');
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined;
  return (digits.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('');
}

export const string = defineMatch({
  name: 'string',
  families: ['ipv4', 'ipv6'],
  summary: 'The packet contains a text.',
  details: [
    'It looks into one packet at a time, headers included: a text that is split over two packets, or encrypted, is not',
    'found. It cannot tell a web site from another by its name in an HTTPS connection that has begun.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_string.c:string_mt',
  oneOf: [['string', 'hex-string']],
  options: {
    string: option(pattern, 'The text.', { invert: true }),
    'hex-string': option(hexPattern, 'The bytes, as text with hexadecimal numbers between bars: `|0d 0a|`.', {
      invert: true,
    }),
    algo: option(keyword('algorithm', ALGORITHMS), 'How it is searched for.', { required: true }),
    from: option(uint16, 'Begin at this byte of the IP packet.'),
    to: option(uint16, 'End at this byte of the IP packet.'),
    icase: option(flag, 'Upper and lower case are the same.'),
  },
  examples: [
    saved('-m string --string foo --algo bm', '-m string --string "foo" --algo bm'),
    saved(
      '-m string --string "foo bar" --from 10 --to 20 --icase --algo kmp',
      '-m string --string "foo bar" --algo kmp --from 10 --to 20 --icase',
    ),
    saved('-m string --hex-string "|00 ff|abc" --algo bm', '-m string --hex-string "|00ff616263|" --algo bm'),
    saved('-m string --hex-string "abc|41 42|d" --algo bm', '-m string --string "abcABd" --algo bm'),
    saved('-m string --string foo --algo bm --from 0 --to 65535', '-m string --string "foo" --algo bm'),
    same('-m string ! --string "f\\"oo" --algo bm'),
    fails('-m string --string foo', 'required'),
    fails('-m string --algo bm', 'one of'),
    fails('-m string --string foo --algo xx', 'none of'),
    fails('-m string --string "" --algo bm', '1 to 128'),
    fails('-m string --hex-string "|0|" --algo bm', 'not bytes'),
    fails('-m string --string foo --algo bm --from 20 --to 10', 'backwards'),
    takes('-m string --string Host --algo bm', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:80 data="GET / Host: a"'),
    leaves('-m string --string host --algo bm', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:80 data="GET / Host: a"'),
    takes('-m string --string host --algo bm --icase', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:80 data="Host: a"'),
    leaves('-m string --string Host --algo bm --to 30', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:80 data="Host: a"'),
  ],
  refuses: ({ from, to }) => ((from?.value ?? 0) > (to?.value ?? 65_535) ? 'the range runs backwards' : undefined),
  canonical(given) {
    const { string: text, 'hex-string': bytes, from, to, ...rest } = given;
    const range = { ...(from?.value ? { from } : {}), ...(to && to.value < 65_535 ? { to } : {}) };
    const printable = bytes && isPrintable(bytes.value);
    const wanted = text ?? (printable ? bytes : undefined);
    return {
      ...(wanted ? { string: wanted } : {}),
      ...(bytes && !printable && { 'hex-string': bytes }),
      ...rest,
      ...range,
    };
  },
  matches(packet, given) {
    const wanted = given.string ?? given['hex-string'];
    if (wanted === undefined) return true;
    const found = findText(packet, {
      pattern: wanted.value,
      ignoreCase: given.icase !== undefined,
      acrossPieces: given.algo.value === 'kmp',
      from: given.from?.value ?? 0,
      to: given.to?.value ?? 65_535,
    });
    const option = given.string ? 'string' : 'hex-string';
    return compare(option, wanted, found, () => `the packet ${found ? 'contains' : 'does not contain'} it`);
  },
  region: () => [{ conditions: [], exact: false }],
});

/** @see extensions/libxt_string.c: is_hex_string; a space is no letter there, and other characters ask for bytes */
function isPrintable(bytes: string): boolean {
  return /^[\x21-\x7e ]*$/.test(bytes);
}
