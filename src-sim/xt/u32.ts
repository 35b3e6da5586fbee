import { type Choice, defineMatch, fails, option, same, saved } from './define';
import { bad, hex, ok, parseUnsigned, word } from './value-types';

const NUMBER = '(?:0[xX][0-9a-fA-F]+|\\d+)';
const LOCATION = `${NUMBER}(?:(?:&|<<|>>|@)${NUMBER})*`;
const RANGE = `${NUMBER}(?::${NUMBER})?`;
const TEST = `${LOCATION}=${RANGE}(?:,${RANGE})*`;
const TESTS = new RegExp(`^${TEST}(?:&&${TEST})*$`);

/** @kernel include/uapi/linux/netfilter/xt_u32.h:XT_U32_MAXSIZE */
const MOST_TESTS = 10;

/** The tests as iptables-save writes them: every number in hexadecimal. */
const tests = word<string>(
  'tests: LOCATION=VALUE&&…',
  (text) => {
    const bare = text.replace(/\s+/g, '');
    if (!TESTS.test(bare)) return bad(`"${text}" is not a list of tests`);
    if (bare.split('&&').length > MOST_TESTS) return bad(`at most ${MOST_TESTS} tests`);
    return ok(bare.replace(new RegExp(NUMBER, 'g'), (number) => hex(parseUnsigned(number) ?? 0)));
  },
  (text) => `"${text}"`,
  [{ text: '"0>>22&0x3C@4=0x29"', summary: 'four bytes behind the IP header' }] satisfies readonly Choice[],
);

export const u32 = defineMatch({
  name: 'u32',
  families: ['ipv4', 'ipv6'],
  summary: 'Four bytes anywhere in the packet, shifted and masked, compared with numbers.',
  details: [
    '`0>>22&0x3C@4=0x29` takes four bytes at 0, shifts and masks them to the length of the IP header, and with',
    '`@` moves there: byte 4 behind the header. What reaches beyond the packet does not match.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_u32.c:u32_mt',
  options: {
    u32: option(tests, 'The tests; all must hold.', { invert: true, required: true }),
  },
  examples: [
    saved('-m u32 --u32 "6 & 0xFF = 1:5,9 && 2=3"', '-m u32 --u32 "0x6&0xff=0x1:0x5,0x9&&0x2=0x3"'),
    same('-m u32 ! --u32 "0x0>>0x16&0x3c@0x4=0x29,0x30:0x40"'),
    fails('-m u32 --u32 "bad"', 'not a list'),
    fails('-m u32', 'required'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'the bytes of the packet are not known here' }),
  region: () => [{ conditions: [], exact: false }],
});
