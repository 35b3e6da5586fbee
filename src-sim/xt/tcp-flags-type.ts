/** `--tcp-flags MASK COMP`: two lists of flags. */
import { TCP_FLAG } from '../net/packet';
import type { Parsed, ValueType } from './define';
import { allParsed, bad, mapParsed, ok } from './value-types';

export type TcpFlagTest = {
  /** The flags that are looked at. */
  readonly mask: number;
  /** The flags that are set among them. */
  readonly value: number;
};

/** In the order in which iptables-save prints them. */
const FLAGS = [
  ['FIN', TCP_FLAG.F],
  ['SYN', TCP_FLAG.S],
  ['RST', TCP_FLAG.R],
  ['PSH', TCP_FLAG.P],
  ['ACK', TCP_FLAG.A],
  ['URG', TCP_FLAG.U],
] as const;

const ALL = FLAGS.reduce((bits, [, bit]) => bits | bit, 0);

const LISTS: ReadonlyMap<string, number> = new Map<string, number>([...FLAGS, ['ALL', ALL], ['NONE', 0]]);

export const SYN_FLAGS: TcpFlagTest = {
  mask: TCP_FLAG.S | TCP_FLAG.R | TCP_FLAG.A | TCP_FLAG.F,
  value: TCP_FLAG.S,
};

export const tcpFlagTest: ValueType<TcpFlagTest> = {
  name: 'flags that are looked at, and those of them that are set',
  words: 2,
  parse: ([mask = '', value = '']) =>
    mapParsed(allParsed([readFlags(mask), readFlags(value)]), ([looked = 0, set = 0]) => ({
      mask: looked,
      value: set,
    })),
  print: ({ mask, value }) => [tcpFlagNames(mask), tcpFlagNames(value)],
  omitted: ({ mask, value }) => mask === 0 && value === 0,
  choices: [
    ...FLAGS.map(([text]) => ({ text, summary: `the ${text} flag` })),
    { text: 'ALL', summary: 'all six flags' },
    { text: 'NONE', summary: 'no flag' },
  ],
};

/** `SYN,ACK`, or `NONE`. ECE and CWR have no name in iptables. */
export function tcpFlagNames(bits: number): string {
  const names = FLAGS.filter(([, bit]) => bits & bit).map(([name]) => name);
  return names.length === 0 ? 'NONE' : names.join(',');
}

function readFlags(list: string): Parsed<number> {
  const bits = allParsed(list.split(',').map(readFlag));
  return mapParsed(bits, (each) => each.reduce((sum, bit) => sum | bit, 0));
}

function readFlag(name: string): Parsed<number> {
  const bits = LISTS.get(name.toUpperCase());
  return bits === undefined ? bad(`"${name}" is not a TCP flag`) : ok(bits);
}
