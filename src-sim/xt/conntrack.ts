import type { Status } from '../conntrack/entry-row';
import type { Direction, Tuple } from '../conntrack/tuple';
import { inNetwork } from '../net/address';
import { savedProtocol } from '../net/protocol-name';
import type { Given } from '../netfilter/ruleset';
import { hostNetwork, type Network } from './address-types';
import { CT_STATES, compareState, NAT_STATES, stateRegion } from './conntrack-state';
import {
  type Choice,
  compare,
  defineMatch,
  fails,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  same,
  saved,
  takes,
  type ValueType,
} from './define';
import { servicePortSpan } from './port-types';
import { protocol } from './protocol-type';
import { inSpan, keyword, keywords, type NumberSpan, numberSpan } from './value-types';
import type { World } from './world';

type StatusWord = 'EXPECTED' | 'SEEN_REPLY' | 'ASSURED' | 'CONFIRMED';

const STATUSES: readonly Choice<StatusWord | 'NONE'>[] = [
  { text: 'NONE', summary: 'no bit at all: never matches by itself, since no bit can be found set' },
  { text: 'EXPECTED', summary: 'a helper expected the connection' },
  { text: 'SEEN_REPLY', summary: 'both directions have been seen' },
  { text: 'ASSURED', summary: 'not thrown out early where the table is full' },
  { text: 'CONFIRMED', summary: 'in the table: the first packet got through' },
];

const STATUS_BIT: Readonly<Record<StatusWord, 'expected' | 'seenReply' | 'assured' | 'confirmed'>> = {
  EXPECTED: 'expected',
  SEEN_REPLY: 'seenReply',
  ASSURED: 'assured',
  CONFIRMED: 'confirmed',
};

const DIRECTIONS = [
  { text: 'ORIGINAL', summary: 'from the one who began' },
  { text: 'REPLY', summary: 'towards the one who began' },
] as const;

const INVERTIBLE = { invert: true } as const;

const statusList: ValueType<readonly (StatusWord | 'NONE')[]> = {
  ...keywords('list of statuses', STATUSES, { prefixes: true }),
  print: (list) => [list.filter((text) => list.length === 1 || text !== 'NONE').join(',')],
};

/** Printed as a number, unlike `-p`. */
const protocolNumber = { ...protocol, print: (value: number) => [String(value)] };

/** Of the tuples, which address or port an option looks at. */
interface TupleField<Key extends keyof Tuple> {
  readonly direction: Direction;
  readonly key: Key;
}

const ADDRESS_FIELDS = {
  ctorigsrc: { direction: 'original', key: 'src' },
  ctorigdst: { direction: 'original', key: 'dst' },
  ctreplsrc: { direction: 'reply', key: 'src' },
  ctrepldst: { direction: 'reply', key: 'dst' },
} as const satisfies Readonly<Record<string, TupleField<'src' | 'dst'>>>;

const PORT_FIELDS = {
  ctorigsrcport: { direction: 'original', key: 'sport' },
  ctorigdstport: { direction: 'original', key: 'dport' },
  ctreplsrcport: { direction: 'reply', key: 'sport' },
  ctrepldstport: { direction: 'reply', key: 'dport' },
} as const satisfies Readonly<Record<string, TupleField<'sport' | 'dport'>>>;

export const conntrack = defineMatch({
  name: 'conntrack',
  families: ['ipv4', 'ipv6'],
  summary: 'What connection tracking knows of the packet: its state, and the entry of its flow.',
  details: [
    'A packet without an entry (INVALID, UNTRACKED) is a case of its own: beside `--ctstate` **all other criteria are',
    'not looked at**, so `--ctstate UNTRACKED --ctorigsrc 9.9.9.9` takes every untracked packet; without `--ctstate`',
    'the match fails, even where every criterion stands behind `!`.',
    '',
    '`--ctorigdst` is the destination before DNAT, `--ctreplsrc` the one after it. For ICMP the "ports" are the id and',
    '`type << 8 | code`. In the table `raw` every packet is INVALID still: conntrack comes after it.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_conntrack.c:conntrack_mt',
  needsConntrack: true,
  anyOf: [
    [
      'ctstate',
      'ctproto',
      'ctorigsrc',
      'ctorigdst',
      'ctreplsrc',
      'ctrepldst',
      'ctorigsrcport',
      'ctorigdstport',
      'ctreplsrcport',
      'ctrepldstport',
      'ctstatus',
      'ctexpire',
      'ctdir',
    ],
  ],
  options: {
    ctstate: option(
      keywords('list of states', [...CT_STATES, ...NAT_STATES], { prefixes: true }),
      'The packet is in one of these states.',
      INVERTIBLE,
    ),
    ctproto: option(protocolNumber, "Protocol of the packet's flow.", INVERTIBLE),
    ctorigsrc: option(hostNetwork, 'Source of the first packet, before any translation.', INVERTIBLE),
    ctorigdst: option(hostNetwork, 'Destination of the first packet, before DNAT.', INVERTIBLE),
    ctreplsrc: option(hostNetwork, 'Source that answers have: the destination after DNAT.', INVERTIBLE),
    ctrepldst: option(hostNetwork, 'Destination that answers have: the source after SNAT.', INVERTIBLE),
    ctorigsrcport: option(servicePortSpan, 'Source port of the first packet.', INVERTIBLE),
    ctorigdstport: option(servicePortSpan, 'Destination port of the first packet, before DNAT.', INVERTIBLE),
    ctreplsrcport: option(servicePortSpan, 'Source port of answers: the destination port after DNAT.', INVERTIBLE),
    ctrepldstport: option(servicePortSpan, 'Destination port of answers: the source port after SNAT.', INVERTIBLE),
    ctstatus: option(statusList, 'The entry has at least one of these status bits.', INVERTIBLE),
    ctexpire: option(numberSpan('seconds[:seconds]', 4_294_967_295), 'Seconds until the entry expires.', INVERTIBLE),
    ctdir: option(keyword('direction', DIRECTIONS), 'Direction of the packet in its flow.'),
  },
  examples: [
    saved('-m conntrack --ctstate ESTABLISHED,RELATED', '-m conntrack --ctstate RELATED,ESTABLISHED'),
    saved('-m conntrack --ctstate EST', '-m conntrack --ctstate ESTABLISHED'),
    saved(
      '-m conntrack --ctstate NEW,INVALID,UNTRACKED,DNAT,SNAT',
      '-m conntrack --ctstate INVALID,NEW,UNTRACKED,SNAT,DNAT',
    ),
    saved('-m conntrack --ctproto tcp', '-m conntrack --ctproto 6'),
    same('-m conntrack --ctorigsrc 10.0.0.1/8 ! --ctorigdst 1.1.1.1'),
    saved('-m conntrack --ctorigsrc 10.1', '-m conntrack --ctorigsrc 10.0.0.1'),
    saved('-m conntrack --ctorigdstport 4:', '-m conntrack --ctorigdstport 4:65535'),
    saved('-m conntrack ! --ctstatus NONE,ASSURED', '-m conntrack ! --ctstatus ASSURED'),
    saved('-m conntrack --ctexpire 10:', '-m conntrack --ctexpire 10:4294967295'),
    saved('-m conntrack --ctdir reply --ctstate NEW', '-m conntrack --ctstate NEW --ctdir REPLY'),
    fails('-m conntrack', 'at least one'),
    fails('-m conntrack --ctstate NONE', 'none of'),
    fails('-m conntrack --ctstate "NEW, ESTABLISHED"', 'none of'),
    fails('-m conntrack ! --ctdir REPLY', 'cannot be inverted'),
    fails('-m conntrack --ctproto 256', 'unknown protocol'),
    takes('-m conntrack --ctstate NEW', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m conntrack ! --ctstate NEW', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes(
      '-m conntrack --ctorigdst 10.0.0.0/24 --ctorigdstport 22 --ctproto 6',
      'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S',
    ),
    leaves('-m conntrack --ctdir REPLY', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m conntrack --ctstatus SEEN_REPLY', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(_packet, given, world) {
    const state = given.ctstate ? compareState('ctstate', given.ctstate, world.conntrack) : true;
    if (state !== true) return state;
    const flow = flowOf(world);
    if (flow === undefined) return given.ctstate ? true : mismatch('', 'the packet has no conntrack entry');
    const addresses = entriesOf(ADDRESS_FIELDS).map(([name, field]) => compareAddress(name, given[name], field, flow));
    const ports = entriesOf(PORT_FIELDS).map(([name, field]) => comparePort(name, given[name], field, flow));
    const answers = [
      compareDirection(given.ctdir, flow),
      ...addresses,
      compareProtocol(given.ctproto, flow),
      ...ports,
      compareStatus(given.ctstatus, flow),
      compareExpiry(given.ctexpire, world),
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
  region(given) {
    const { ctstate, ...others } = given;
    const region = ctstate ? stateRegion(ctstate) : { conditions: [], exact: true };
    return [{ ...region, exact: region.exact && Object.values(others).every((other) => other === undefined) }];
  },
});

/** What the criteria beside the state are compared with. */
interface Flow {
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly status: Pick<Status, 'expected' | 'seenReply' | 'assured' | 'confirmed'>;
  readonly direction: Direction;
}

const NO_TUPLE: Tuple = { src: '', dst: '', protocol: 0, sport: 0, dport: 0 };

/** A template is an entry too, with nothing in it. @kernel net/netfilter/xt_CT.c:xt_ct_tg_check */
function flowOf(world: World): Flow | undefined {
  const attachment = world.conntrack;
  if (attachment === undefined || attachment.kind === 'untracked') return undefined;
  if (attachment.kind === 'tracked') {
    const { original, reply, status } = attachment.entry;
    return { original, reply, status, direction: attachment.direction };
  }
  const zero = world.family === 'ipv4' ? '0.0.0.0' : '::';
  const tuple = { ...NO_TUPLE, src: zero, dst: zero };
  const status = { expected: false, seenReply: false, assured: false, confirmed: true };
  return { original: tuple, reply: tuple, status, direction: 'original' };
}

function entriesOf<Fields extends object>(fields: Fields): readonly [keyof Fields, Fields[keyof Fields]][] {
  return Object.entries(fields) as [keyof Fields, Fields[keyof Fields]][];
}

function compareAddress(
  name: string,
  given: Given<Network> | undefined,
  { direction, key }: TupleField<'src' | 'dst'>,
  flow: Flow,
): MatchAnswer {
  if (given === undefined) return true;
  const address = flow[direction][key];
  const end = key === 'src' ? 'source' : 'destination';
  return compare(name, given, inNetwork(address, given.value), () => `the flow's ${direction} ${end} is ${address}`);
}

function comparePort(
  name: string,
  given: Given<NumberSpan> | undefined,
  { direction, key }: TupleField<'sport' | 'dport'>,
  flow: Flow,
): MatchAnswer {
  if (given === undefined) return true;
  const port = flow[direction][key];
  const end = key === 'sport' ? 'source' : 'destination';
  return compare(name, given, inSpan(port, given.value), () => `the flow's ${direction} ${end} port is ${port}`);
}

function compareProtocol(given: Given<number> | undefined, flow: Flow): MatchAnswer {
  if (given === undefined) return true;
  const { protocol: number } = flow.original;
  return compare('ctproto', given, number === given.value, () => `the flow's protocol is ${savedProtocol(number)}`);
}

function compareStatus(given: Given<readonly (StatusWord | 'NONE')[]> | undefined, flow: Flow): MatchAnswer {
  if (given === undefined) return true;
  const set = (Object.keys(STATUS_BIT) as StatusWord[]).filter((word) => flow.status[STATUS_BIT[word]]);
  const held = set.some((word) => given.value.includes(word));
  return compare('ctstatus', given, held, () => `the entry's status is ${set.join(',') || 'NONE'}`);
}

function compareExpiry(given: Given<NumberSpan> | undefined, world: World): MatchAnswer {
  if (given === undefined) return true;
  const seconds = Math.floor(world.conntrackExpires());
  return compare('ctexpire', given, inSpan(seconds, given.value), () => `the entry expires in ${seconds} seconds`);
}

function compareDirection(given: Given<'ORIGINAL' | 'REPLY'> | undefined, flow: Flow): MatchAnswer {
  if (given === undefined) return true;
  const direction = flow.direction === 'original' ? 'ORIGINAL' : 'REPLY';
  return compare('ctdir', given, direction === given.value, () => `the packet's direction is ${direction}`);
}
