import { isLaterFragment, type SctpPacket } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import {
  type Choice,
  compare,
  defineMatch,
  fails,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  type Parsed,
  same,
  saved,
  takes,
  type ValueType,
} from './define';
import { numericPortSpan } from './port-types';
import { destinationPortMatches, portCondition, sourcePortMatches } from './ports';
import { allParsed, bad, keyword, mapParsed, ok } from './value-types';

/** Chunk types by number, and the letters of their flags, the highest bit first. @see extensions/libxt_sctp.c */
const CHUNKS: readonly { readonly name: string; readonly type: number; readonly flags?: string }[] = [
  { name: 'DATA', type: 0, flags: 'IUBE' },
  { name: 'INIT', type: 1 },
  { name: 'INIT_ACK', type: 2 },
  { name: 'SACK', type: 3 },
  { name: 'HEARTBEAT', type: 4 },
  { name: 'HEARTBEAT_ACK', type: 5 },
  { name: 'ABORT', type: 6, flags: 'T' },
  { name: 'SHUTDOWN', type: 7 },
  { name: 'SHUTDOWN_ACK', type: 8 },
  { name: 'ERROR', type: 9 },
  { name: 'COOKIE_ECHO', type: 10 },
  { name: 'COOKIE_ACK', type: 11 },
  { name: 'ECN_ECNE', type: 12 },
  { name: 'ECN_CWR', type: 13 },
  { name: 'SHUTDOWN_COMPLETE', type: 14, flags: 'T' },
  { name: 'ASCONF_ACK', type: 128 },
  { name: 'FORWARD_TSN', type: 192 },
  { name: 'ASCONF', type: 193 },
];

const HOW = [
  { text: 'all', summary: 'all of these chunks are there' },
  { text: 'any', summary: 'at least one of them is there' },
  { text: 'only', summary: 'there is no other' },
] as const;

type ChunkTest = { readonly type: number; readonly flags: string };
type ChunkTests = {
  readonly how: (typeof HOW)[number]['text'];
  readonly chunks: 'ALL' | 'NONE' | readonly ChunkTest[];
};

const how = keyword('all, any or only', HOW);

const chunkTypes: ValueType<ChunkTests> = {
  name: 'all, any or only, and chunk types: TYPE[:FLAGS][,…]',
  words: 2,
  parse([first = '', list = ''], family) {
    const read = how.parse([first], family);
    if (!read.ok) return read;
    return mapParsed(readChunks(list), (chunks) => ({ how: read.value, chunks }));
  },
  print({ how: which, chunks }) {
    const text = typeof chunks === 'string' ? chunks : chunks.map(chunkText).join(',');
    return [which, text];
  },
  choices: [...HOW, ...CHUNKS.map(({ name, type }): Choice => ({ text: name, summary: `chunk type ${type}` }))],
};

function readChunks(list: string): Parsed<ChunkTests['chunks']> {
  const whole = list.toUpperCase();
  if (whole === 'ALL' || whole === 'NONE') return ok(whole);
  const chunks = allParsed(list.split(',').map(readChunk));
  return mapParsed(chunks, (tests) => [...tests].sort((a, b) => a.type - b.type));
}

/** A capital letter asks for a flag that is set, a small one for one that is not. */
function readChunk(text: string): Parsed<ChunkTest> {
  const [name = '', flags = ''] = text.split(':');
  const chunk = CHUNKS.find((known) => known.name === name.toUpperCase());
  if (chunk === undefined) return bad(`"${name}" is not a chunk type`);
  const wrong = [...flags].find((letter) => !chunk.flags?.includes(letter.toUpperCase()));
  return wrong ? bad(`${chunk.name} has no flag ${wrong}`) : ok({ type: chunk.type, flags });
}

function chunkText({ type, flags }: ChunkTest): string {
  const name = CHUNKS.find((known) => known.type === type)?.name ?? `${type}`;
  return flags === '' ? name : `${name}:${flags}`;
}

export const sctp = defineMatch({
  name: 'sctp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.sctp],
  protocols: [PROTOCOL.sctp],
  summary: 'Ports and chunks of an SCTP packet.',
  kernel: 'net/netfilter/xt_sctp.c:sctp_mt',
  options: {
    sport: option(numericPortSpan, 'Source port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['source-port'],
    }),
    dport: option(numericPortSpan, 'Destination port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['destination-port'],
    }),
    'chunk-types': option(chunkTypes, 'Which chunks the packet carries.', { invert: true }),
  },
  examples: [
    saved('-p sctp --dport 80', '-p sctp -m sctp --dport 80'),
    same('-p sctp -m sctp --dport 0:65535'),
    saved('-p sctp -m sctp --chunk-types any init,data:UBE', '-p sctp -m sctp --chunk-types any DATA:UBE,INIT'),
    saved(
      '-p sctp -m sctp ! --chunk-types all INIT --sport 1:2',
      '-p sctp -m sctp --sport 1:2 ! --chunk-types all INIT',
    ),
    same('-p sctp -m sctp --chunk-types any ABORT:t,SHUTDOWN_COMPLETE:T,ASCONF'),
    fails('-p sctp -m sctp --dport 90:80', 'backwards'),
    fails('-p sctp -m sctp --dport ssh', 'not a number'),
    fails('-p sctp -m sctp --chunk-types foo INIT', 'none of'),
    fails('-p sctp -m sctp --chunk-types any FOO', 'not a chunk type'),
    takes('-p sctp -m sctp --dport 80 --chunk-types any INIT', 'in eth0 sctp 198.51.100.7:40000 > 10.0.0.2:80 chunk=1'),
    leaves('-p sctp -m sctp --chunk-types only DATA,SACK', 'in eth0 sctp 198.51.100.7:40000 > 10.0.0.2:80 chunk=1'),
  ],
  matches(packet, given): MatchAnswer {
    if (isLaterFragment(packet)) return mismatch('', 'a later fragment has no SCTP header');
    if (packet.transport.kind !== 'sctp') return { kind: 'hotdrop', reason: 'the packet has no whole SCTP header' };
    const answers = [
      sourcePortMatches(packet, given.sport),
      destinationPortMatches(packet, given.dport),
      compareChunks(given['chunk-types'], packet.transport),
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
  region(given) {
    const conditions = [...portCondition('sport', given.sport), ...portCondition('dport', given.dport)];
    return [{ conditions, exact: !given['chunk-types'] }];
  },
});

/** A simulated packet has one chunk, and no flag of it is set. @kernel net/netfilter/xt_sctp.c:match_packet */
function compareChunks(given: Given<ChunkTests> | undefined, { chunk }: SctpPacket): MatchAnswer {
  if (given === undefined) return true;
  const { how: which, chunks } = given.value;
  const wanted = chunks === 'ALL' ? undefined : chunks === 'NONE' ? [] : chunks;
  const found = wanted === undefined || wanted.some((test) => test.type === chunk && !/[A-Z]/.test(test.flags));
  const others = wanted?.some((test) => test.type !== chunk) ?? true;
  const held = which === 'all' ? (found || wanted?.length === 0) && !others : found;
  return compare('chunk-types', given, held, () => `the chunk is ${chunkText({ type: chunk, flags: '' })}`);
}
