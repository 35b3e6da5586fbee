/** Options of an IPv6 extension header: `TYPE[:LENGTH][,…]`. */
import type { Parsed } from './define';
import { allParsed, bad, mapParsed, ok, parseNumberIn, word } from './value-types';

export type HeaderOption = { readonly type: number; readonly length: number | null };

/** @kernel include/uapi/linux/netfilter_ipv6/ip6t_opts.h:IP6T_OPTS_OPTSNR */
const MOST_OPTIONS = 16;

export const headerOptions = word<readonly HeaderOption[]>(
  'type[:length][,…]',
  (text) => {
    const list = text.split(',');
    return list.length > MOST_OPTIONS ? bad(`at most ${MOST_OPTIONS} options`) : allParsed(list.map(readOption));
  },
  (list) => list.map(({ type, length }) => (length === null ? `${type}` : `${type}:${length}`)).join(','),
);

function readOption(text: string): Parsed<HeaderOption> {
  const [type = '', length, ...rest] = text.split(':');
  if (rest.length > 0) return bad(`"${text}" has more than one colon`);
  const read = allParsed([readByte(type), length === undefined ? ok(0) : readByte(length)]);
  return mapParsed(read, ([number = 0, bytes = 0]) => ({ type: number, length: length === undefined ? null : bytes }));
}

/** Of a larger number 8 bits are kept. @see extensions/libip6t_hbh.c: parse_options */
function readByte(text: string): Parsed<number> {
  return mapParsed(parseNumberIn(text, 0, 0xffff_ffff), (number) => number & 0xff);
}
