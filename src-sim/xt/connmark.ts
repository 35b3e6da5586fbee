import type { Given } from '../netfilter/ruleset';
import {
  compare,
  defineMatch,
  defineTarget,
  fails,
  given as gives,
  leaves,
  mismatch,
  option,
  same,
  saved,
  takes,
} from './define';
import {
  ALL_BITS,
  changeMark,
  type MarkMask,
  markBits,
  markChange,
  markMatches,
  markTest,
  xmarkOf,
} from './mark-types';
import { flag, hex, unsigned } from './value-types';
import type { TargetWorld } from './world';

export const connmark = defineMatch({
  name: 'connmark',
  families: ['ipv4', 'ipv6'],
  summary: "The mark of the packet's conntrack entry, which all packets of the flow share.",
  details: [
    'A packet without an entry (INVALID, UNTRACKED) never matches, not even `! --mark` or `--mark 0`. It is',
    'another mark than that of `-m mark`: `-j CONNMARK --save-mark` and `--restore-mark` copy from one to the',
    'other.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_connmark.c:connmark_mt',
  needsConntrack: true,
  options: {
    mark: option(markTest, "`VALUE[/MASK]`: the entry's mark, ANDed with the mask, equals the value.", {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-m connmark --mark 1', '-m connmark --mark 0x1'),
    same('-m connmark ! --mark 0x1/0x3'),
    fails('-m connmark', 'required'),
    takes('-m connmark --mark 0', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m connmark ! --mark 0', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(_packet, given, world) {
    const current = markOf(world);
    if (current === undefined) return mismatch('mark', 'the packet has no conntrack entry');
    const held = markMatches(current, given.mark.value);
    return compare('mark', given.mark, held, () => `the connection's mark is ${hex(current)}`);
  },
});

/** A template is an entry too, and its mark is 0. */
function markOf({ conntrack }: Pick<TargetWorld, 'conntrack'>): number | undefined {
  if (conntrack?.kind === 'tracked') return conntrack.entry.mark;
  return conntrack?.kind === 'template' ? 0 : undefined;
}

const MODES = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark', 'save-mark', 'restore-mark'] as const;

const shift = unsigned('number from 0 to 32', 0, 32);

export const CONNMARK = defineTarget({
  name: 'CONNMARK',
  families: ['ipv4', 'ipv6'],
  summary: "Changes the mark of the packet's conntrack entry, or copies it to or from the packet.",
  details: [
    'It does nothing to a packet without an entry. `--restore-mark` gives a later packet of the flow what the',
    'first one was marked with: that is how a routing decision stays with its connection.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_connmark.c:connmark_tg_shift',
  needsConntrack: true,
  oneOf: [[...MODES]],
  options: {
    'set-xmark': option(markChange, "Clear the bits of the mask in the entry's mark, then XOR the value in."),
    'set-mark': option(
      markChange,
      "Clear the bits of the mask and of the value in the entry's mark, then set the value.",
    ),
    'and-mark': option(markBits, "Keep only these bits of the entry's mark."),
    'or-mark': option(markBits, "Set these bits of the entry's mark."),
    'xor-mark': option(markBits, "Turn these bits of the entry's mark over."),
    'save-mark': option(flag, "Copy the packet's mark to its connection."),
    'restore-mark': option(flag, "Copy the connection's mark to the packet."),
    nfmask: option(markBits, 'Bits of the packet mark that are read (save) or cleared first (restore).', {
      excludes: ['mask'],
    }),
    ctmask: option(markBits, "Bits of the entry's mark that are cleared first (save) or read (restore).", {
      excludes: ['mask'],
    }),
    mask: option(markBits, 'Both masks at once.', { excludes: ['nfmask', 'ctmask'] }),
    'left-shift-mark': option(shift, 'Shift the result to the left by so many bits.', {
      excludes: ['right-shift-mark'],
    }),
    'right-shift-mark': option(shift, 'Shift the result to the right by so many bits.', {
      excludes: ['left-shift-mark'],
    }),
  },
  examples: [
    saved('-j CONNMARK --set-mark 1', '-j CONNMARK --set-xmark 0x1/0xffffffff'),
    saved('-j CONNMARK --save-mark', '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff'),
    saved('-j CONNMARK --restore-mark --mask 0xff', '-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'),
    saved('-j CONNMARK --save-mark --nfmask 0xff', '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffffffff'),
    saved('-j CONNMARK --or-mark 0xf0', '-j CONNMARK --set-xmark 0xf0/0xf0'),
    same('-j CONNMARK --set-xmark 0x1/0x2 --left-shift-mark 4'),
    fails('-j CONNMARK', 'one of'),
    fails('-j CONNMARK --mask 1', 'one of'),
    fails('-j CONNMARK --save-mark --restore-mark', 'excludes'),
    fails('-j CONNMARK --restore-mark --right-shift-mark 33', 'out of range'),
  ],
  canonical(given) {
    const { 'left-shift-mark': left, 'right-shift-mark': right } = given;
    const shifts = { ...(left && { 'left-shift-mark': left }), ...(right && { 'right-shift-mark': right }) };
    const change = xmarkOf(given);
    if (change) return { 'set-xmark': gives(change), ...shifts };
    const { 'save-mark': save, 'restore-mark': restore } = given;
    const { nfmask, ctmask } = masksOf(given);
    return {
      ...(save && { 'save-mark': save }),
      ...(restore && { 'restore-mark': restore }),
      nfmask: gives(nfmask),
      ctmask: gives(ctmask),
      ...shifts,
    };
  },
  apply(_packet, given, world) {
    if (world.conntrack?.kind !== 'tracked') return { kind: 'continue' };
    const { entry } = world.conntrack;
    const { nfmask, ctmask } = masksOf(given);
    const change = xmarkOf(given);
    if (change) {
      entry.mark = shifted(changeMark(entry.mark, change), given);
    } else if (given['save-mark']) {
      entry.mark = changeMark(entry.mark, { value: shifted((world.mark & nfmask) >>> 0, given), mask: ctmask });
    } else {
      world.setMark(changeMark(world.mark, { value: shifted((entry.mark & ctmask) >>> 0, given), mask: nfmask }));
    }
    return { kind: 'continue' };
  },
  effect(given) {
    return { kind: given['restore-mark'] ? 'mark-unknown' : 'continue' };
  },
});

interface MaskOptions {
  readonly nfmask?: Given<number>;
  readonly ctmask?: Given<number>;
  readonly mask?: Given<number>;
}

function masksOf({ nfmask, ctmask, mask }: MaskOptions): { nfmask: number; ctmask: number } {
  return {
    nfmask: nfmask?.value ?? mask?.value ?? ALL_BITS,
    ctmask: ctmask?.value ?? mask?.value ?? ALL_BITS,
  };
}

interface ShiftOptions {
  readonly 'left-shift-mark'?: Given<number>;
  readonly 'right-shift-mark'?: Given<number>;
}

function shifted(value: number, given: ShiftOptions): MarkMask['value'] {
  const right = given['right-shift-mark'];
  return right ? value >>> right.value : (value << (given['left-shift-mark']?.value ?? 0)) >>> 0;
}
