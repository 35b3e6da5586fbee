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
import { changeMark, markBits, markChange, markMatches, markTest, xmarkOf } from './mark-types';
import { hex } from './value-types';

export const mark = defineMatch({
  name: 'mark',
  families: ['ipv4', 'ipv6'],
  summary: 'The mark of the packet: a number that the kernel keeps beside it.',
  details: [
    'The mark is no part of the packet: it is set by `-j MARK` (or restored by `-j CONNMARK`), starts as 0, and',
    'is gone when the packet leaves the host. A value with bits outside its mask never matches.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_mark.c:mark_mt',
  options: {
    mark: option(markTest, '`VALUE[/MASK]`: the mark, ANDed with the mask, equals the value.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-m mark --mark 1', '-m mark --mark 0x1'),
    same('-m mark ! --mark 0x1/0xff'),
    saved('-m mark --mark 10/0xffffffff', '-m mark --mark 0xa'),
    fails('-m mark --mark 0x100000000', 'out of range'),
    fails('-m mark --mark 1/', 'not a number'),
    fails('-m mark', 'required'),
    takes('-m mark --mark 0x0', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m mark --mark 0x1ff/0xff', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(_packet, given, world) {
    const held = markMatches(world.mark, given.mark.value);
    return compare('mark', given.mark, held, () => `the mark is ${hex(world.mark)}`);
  },
  region(given) {
    const { value, inverted } = given.mark;
    return [{ conditions: [{ kind: 'bits', field: 'mark', ...value, inverted }], exact: true }];
  },
});

const ONE_OF = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'] as const;

export const MARK = defineTarget({
  name: 'MARK',
  families: ['ipv4', 'ipv6'],
  summary: "Changes the packet's mark; the walk goes on with the next rule.",
  details: [
    'A policy routing rule (`ip rule … fwmark`) sees it only where it is set before routing: in PREROUTING, or in',
    'OUTPUT of `mangle`, which routes again when the mark has changed.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_mark.c:mark_tg',
  oneOf: [[...ONE_OF]],
  options: {
    'set-xmark': option(markChange, 'Clear the bits of the mask, then XOR the value in.'),
    'set-mark': option(markChange, 'Clear the bits of the mask and of the value, then set the value.'),
    'and-mark': option(markBits, 'Keep only these bits.'),
    'or-mark': option(markBits, 'Set these bits.'),
    'xor-mark': option(markBits, 'Turn these bits over.'),
  },
  examples: [
    saved('-j MARK --set-mark 1', '-j MARK --set-xmark 0x1/0xffffffff'),
    saved('-j MARK --set-mark 0xff/0x0f', '-j MARK --set-xmark 0xff/0xff'),
    same('-j MARK --set-xmark 0x1/0xff'),
    saved('-j MARK --and-mark 0xf0', '-j MARK --set-xmark 0x0/0xffffff0f'),
    saved('-j MARK --or-mark 0xf0', '-j MARK --set-xmark 0xf0/0xf0'),
    saved('-j MARK --xor-mark 0xf0', '-j MARK --set-xmark 0xf0/0x0'),
    fails('-j MARK', 'one of'),
    fails('-j MARK --set-mark 1 --or-mark 1', 'excludes'),
    fails('-j MARK --or-mark 0x1/0x1', 'not a number'),
  ],
  canonical(given) {
    const change = xmarkOf(given);
    return change ? { 'set-xmark': gives(change) } : given;
  },
  apply(_packet, given, world) {
    const change = xmarkOf(given);
    if (change) world.setMark(changeMark(world.mark, change));
    return { kind: 'continue' };
  },
  effect(given) {
    const change = xmarkOf(given);
    return change ? { kind: 'mark', ...change } : { kind: 'continue' };
  },
});
