import { compare, fails, given as gives, leaves, option, same, saved, takes } from '../xt/define';
import { ALL_BITS } from '../xt/mark-types';
import { allParsed, bad, hex, mapParsed, ok, parseNumberIn, unsigned, word } from '../xt/value-types';
import { defineBridgeMatch, defineBridgeTarget } from './define';
import { verdict } from './verdict-type';

/** Without a value: whether any bit of the mask is set. */
type BridgeMarkTest = { readonly value: number | null; readonly mask: number };

const markTest = word<BridgeMarkTest>(
  '[value][/mask]',
  (text) => {
    const [value = '', mask, ...rest] = text.split('/');
    if (rest.length > 0) return bad(`"${text}" has more than one mask`);
    const masks = mask === undefined ? ok(ALL_BITS) : parseNumberIn(mask, 0, ALL_BITS);
    if (value === '') return mapParsed(masks, (bits) => ({ value: null, mask: bits }));
    const both = allParsed([parseNumberIn(value, 0, ALL_BITS), masks]);
    return mapParsed(both, ([bits = 0, looked = 0]) => ({ value: bits, mask: looked }));
  },
  ({ value, mask }) => {
    if (value === null) return `/${hex(mask)}`;
    return mask === ALL_BITS ? hex(value) : `${hex(value)}/${hex(mask)}`;
  },
);

const PACKET = 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53';

export const markMatch = defineBridgeMatch({
  name: 'mark_m',
  summary: 'The mark of the frame: the one that `-m mark` of iptables sees.',
  kernel: 'net/bridge/netfilter/ebt_mark_m.c:ebt_mark_mt',
  options: {
    mark: option(markTest, 'The mark, ANDed with the mask, equals the value; `/MASK`: any bit of the mask is set.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('--mark 1 -j DROP', '--mark 0x1 -j DROP'),
    saved('! --mark 1/3 -j DROP', '--mark ! 0x1/0x3 -j DROP'),
    same('--mark /0x3 -j DROP'),
    fails('--mark 0x100000000 -j DROP', 'out of range'),
    takes('--mark 0', PACKET),
    leaves('--mark /0x3', PACKET),
  ],
  matches(_packet, { mark: wanted }, { mark: found }) {
    const { value, mask } = wanted.value;
    const masked = (found & mask) >>> 0;
    const held = value === null ? masked !== 0 : masked === value;
    return compare('mark', wanted, held, () => `it is ${hex(found)}`);
  },
});

const bits = unsigned('number', 0, ALL_BITS, hex);

export const markTarget = defineBridgeTarget({
  name: 'mark',
  summary: 'Changes the mark of the frame, which iptables sees as its packet mark.',
  details: 'Unlike `-j MARK` of iptables it ends the walk with ACCEPT, unless `--mark-target` says otherwise.',
  kernel: 'net/bridge/netfilter/ebt_mark.c:ebt_mark_tg',
  oneOf: [['mark-set', 'mark-or', 'mark-and', 'mark-xor']],
  options: {
    'mark-set': option(bits, 'The new mark.', { aliases: ['set-mark'] }),
    'mark-or': option(bits, 'Set these bits.', { aliases: ['or-mark'] }),
    'mark-and': option(bits, 'Keep only these bits.', { aliases: ['and-mark'] }),
    'mark-xor': option(bits, 'Turn these bits over.', { aliases: ['xor-mark'] }),
    'mark-target': option(verdict, 'How the rule ends; ACCEPT by default.'),
  },
  canonical: (given) => ({ ...given, 'mark-target': given['mark-target'] ?? gives('ACCEPT') }),
  examples: [
    saved('-j mark --set-mark 1', '-j mark --mark-set 0x1 --mark-target ACCEPT'),
    same('-j mark --mark-or 0x10 --mark-target CONTINUE'),
    same('-j mark --mark-and 0x10 --mark-target DROP'),
    fails('-j mark', 'one of'),
    fails('-j mark --mark-set 1 --mark-or 2', 'one of'),
  ],
  apply(_packet, given, world) {
    const { 'mark-set': set, 'mark-or': or, 'mark-and': and, 'mark-xor': xor } = given;
    if (set) world.setMark(set.value);
    else if (or) world.setMark(world.mark | or.value);
    else if (and) world.setMark(world.mark & and.value);
    else if (xor) world.setMark(world.mark ^ xor.value);
    return given['mark-target']?.value ?? 'ACCEPT';
  },
});
