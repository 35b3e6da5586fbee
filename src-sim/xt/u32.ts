import { bytesOf } from '../net/bytes';
import { type Choice, compare, defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { asked } from './region';
import { readTests, runTest, type TestResult } from './u32-program';
import { bad, hex, ok, parseUnsigned, word } from './value-types';

const NUMBER = '(?:0[xX][0-9a-fA-F]+|\\d+)';
const LOCATION = `${NUMBER}(?:(?:&|<<|>>|@)${NUMBER})*`;
const RANGE = `${NUMBER}(?::${NUMBER})?`;
const TEST = `${LOCATION}=${RANGE}(?:,${RANGE})*`;
const TESTS = new RegExp(`^${TEST}(?:&&${TEST})*$`);

/** Of tests, of numbers in a location, and of values. @kernel include/uapi/linux/netfilter/xt_u32.h:XT_U32_MAXSIZE */
const MOST = 10;
const LARGEST = 0xffff_ffff;

/** The tests as iptables-save writes them: every number in hexadecimal. */
const tests = word<string>(
  'tests: LOCATION=VALUE&&…',
  (text) => {
    const bare = text.replace(/\s+/g, '');
    if (!TESTS.test(bare)) return bad(`"${text}" is not a list of tests`);
    const problem = problemOf(bare);
    if (problem) return bad(problem);
    return ok(bare.replace(new RegExp(NUMBER, 'g'), (number) => hex(parseUnsigned(number) ?? 0)));
  },
  (text) => `"${text}"`,
  [{ text: '"0>>22&0x3C@4=0x29"', summary: 'four bytes behind the IP header' }] satisfies readonly Choice[],
);

function problemOf(bare: string): string | undefined {
  const all = bare.split('&&');
  const parts = all.flatMap((test) => [test.split('=')[0]?.split(/<<|>>|[&@]/), test.split('=')[1]?.split(',')]);
  if (all.length > MOST || parts.some((part) => (part?.length ?? 0) > MOST))
    return `at most ${MOST} tests, of ${MOST} numbers and ${MOST} values each`;
  const numbers = bare.match(new RegExp(NUMBER, 'g')) ?? [];
  if (numbers.some((number) => (parseUnsigned(number) ?? 0) > LARGEST)) return 'a number has 32 bits';
  const shifts = [...bare.matchAll(new RegExp(`(?:<<|>>)(${NUMBER})`, 'g'))];
  return shifts.some(([, by = '']) => (parseUnsigned(by) ?? 0) > 31) ? 'a shift by more than 31 bits' : undefined;
}

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
    fails('-m u32 --u32 "0&1&1&1&1&1&1&1&1&1&1=1"', 'at most'),
    fails('-m u32 --u32 "0=1,1,1,1,1,1,1,1,1,1,1"', 'at most'),
    fails('-m u32 --u32 "0=4294967296"', '32 bits'),
    fails('-m u32 --u32 "0>>40=1"', 'more than 31'),
    takes('-m u32 --u32 "6&0xFF=6&&0>>22&0x3C@0=0x9c400000:0x9c40ffff"', 'in eth0 tcp 1.2.3.4:40000 > 10.0.0.2:22 S'),
    leaves('-m u32 --u32 "6&0xFF=17"', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m u32 --u32 "37=0:0xffffffff"', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(packet, given) {
    const bytes = bytesOf(packet);
    const results = readTests(given.u32.value).map((test) => runTest(test, bytes));
    const failed = results.find(({ held }) => !held);
    return compare('u32', given.u32, failed === undefined, () => describe(failed));
  },
  region: (given) => asked('u32', given),
});

function describe(failed: TestResult | undefined): string {
  if (failed === undefined) return 'every test holds';
  return failed.value === undefined ? 'a test reaches beyond the packet' : `the bytes are ${hex(failed.value)}`;
}
