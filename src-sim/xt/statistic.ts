import { defineMatch, fails, leaves, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { bad, keyword, ok, uint32, unsigned, word } from './value-types';
import type { World } from './world';

const MODES = [
  { text: 'random', summary: 'each packet with a probability' },
  { text: 'nth', summary: 'every so manieth packet' },
] as const;

/** The kernel holds it in 31 bits. @see extensions/libxt_statistic.c: statistic_mt_parse */
const PROBABILITY_ONE = 0x8000_0000;

/** As the kernel holds it: 0 to 2³¹. */
const probability = word<number>(
  'probability from 0 to 1',
  (text) => {
    const value = /^\d*\.?\d+(?:e-?\d+)?$|^\d+\.$/i.test(text) ? Number(text) : undefined;
    if (value === undefined || value > 1) return bad(`"${text}" is not a probability from 0 to 1`);
    return ok(Math.round(value * PROBABILITY_ONE));
  },
  (held) => (held / PROBABILITY_ONE).toFixed(11),
);

export const statistic = defineMatch({
  name: 'statistic',
  families: ['ipv4', 'ipv6'],
  summary: 'Takes some packets only: at random, or every n-th.',
  details: [
    'In `nth` the rule counts the packets that get as far as this match. To share connections among n servers',
    'evenly, the rules stand one after the other with `--every n`, `--every n-1`, … and `--packet 0`: each sees',
    'what the others left.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_statistic.c:statistic_mt',
  options: {
    mode: option(keyword('mode', MODES), '`random` or `nth`.', { required: true }),
    probability: option(probability, 'In `random`: the probability, from 0 to 1.', {
      invert: true,
      excludes: ['every'],
    }),
    every: option(unsigned('number from 1', 1, 0xffff_ffff), 'In `nth`: of so many packets one.', {
      invert: true,
      excludes: ['probability'],
      requires: ['packet'],
    }),
    packet: option(uint32, 'In `nth`: which of them, from 0.', { requires: ['every'] }),
  },
  examples: [
    saved(
      '-m statistic --mode random ! --probability 0.33',
      '-m statistic --mode random ! --probability 0.33000000007',
    ),
    same('-m statistic --mode random --probability 0.33332999982'),
    same('-m statistic --mode nth ! --every 3 --packet 0'),
    fails('-m statistic --mode random --probability 1.1', 'not a probability'),
    fails('-m statistic --mode random', 'needs'),
    fails('-m statistic --mode nth --every 2', 'needs'),
    fails('-m statistic --mode nth --every 2 --packet 2', 'from 0 to 1'),
    fails('-m statistic --mode nth --every 3 --probability 0.5', 'excludes'),
    fails('-m statistic --mode random --every 3 --packet 0', 'needs'),
    takes('-m statistic --mode nth --every 2 --packet 0', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m statistic --mode nth --every 2 --packet 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m statistic --mode random --probability 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m statistic --mode random --probability 0', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  refuses({ mode, probability: chance, every, packet }) {
    if (mode.value === 'random') return chance ? undefined : 'random needs --probability';
    if (every === undefined || packet === undefined) return 'nth needs --every and --packet';
    return packet.value < every.value ? undefined : `--packet counts from 0 to ${every.value - 1}`;
  },
  matches(_packet, given, world): MatchAnswer {
    const { mode, probability: chance, every, packet } = given;
    if (mode.value === 'random' && chance) {
      const held = Math.floor(world.random() * PROBABILITY_ONE) < chance.value;
      return held !== chance.inverted ? true : mismatch('probability', 'chance decided against the packet');
    }
    if (every === undefined) return true;
    const held = isItsTurn(given, every.value, packet?.value ?? 0, world);
    return held !== every.inverted ? true : mismatch('every', 'it is not the turn of this packet');
  },
  region: () => [{ conditions: [], exact: false }],
});

/** The counter runs from 0 to `every - 1` and round again; 0 is the turn. */
function isItsTurn(given: object, every: number, packet: number, world: World): boolean {
  const turn = world.matchState(given, () => ({ count: every - 1 - packet }));
  turn.count = turn.count === every - 1 ? 0 : turn.count + 1;
  return turn.count === 0;
}
