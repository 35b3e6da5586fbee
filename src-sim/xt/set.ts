import { addToSet, type CounterTest, removeFromSet, type SetAnswer, type SetQuery, testSet } from '../host/ipset';
import type { Packet } from '../net/packet';
import type { Given } from '../netfilter/ruleset';
import {
  defineMatch,
  defineTarget,
  fails,
  leaves,
  mismatch,
  option,
  same,
  saved,
  takes,
  type ValueType,
} from './define';
import { allParsed, bad, flag, mapParsed, ok, uint32 } from './value-types';
import type { LoadWorld, World } from './world';

type Direction = 'src' | 'dst';
type SetUse = { readonly set: string; readonly directions: readonly Direction[] };

/** @kernel include/uapi/linux/netfilter/ipset/ip_set.h:IPSET_DIM_MAX, IPSET_MAXNAMELEN */
const MOST_DIRECTIONS = 6;
const NAME_LIMIT = 31;

const setUse: ValueType<SetUse> = {
  name: 'name of a set, and src or dst for each of its dimensions',
  words: 2,
  parse([set = '', list = '']) {
    if (set === '' || set.length > NAME_LIMIT) return bad(`the name of a set has 1 to ${NAME_LIMIT} characters`);
    const directions = allParsed(list.split(',').map(readDirection));
    if (directions.ok && directions.value.length > MOST_DIRECTIONS)
      return bad(`at most ${MOST_DIRECTIONS} of src and dst`);
    return mapParsed(directions, (value) => ({ set, directions: value }));
  },
  print: ({ set, directions }) => [set, directions.join(',')],
  choicesFrom: 1,
  choices: [
    { text: 'src', summary: 'source address, port or interface' },
    { text: 'dst', summary: 'destination address, port or interface' },
  ],
};

function readDirection(text: string) {
  return text === 'src' || text === 'dst' ? ok<Direction>(text) : bad<Direction>(`"${text}" is neither src nor dst`);
}

/** These exist in the negative only: saying that counters are updated says nothing. */
const onlyNegated: ValueType<true> = { ...flag, omitted: (_value, inverted) => !inverted };

export const set = defineMatch({
  name: 'set',
  families: ['ipv4', 'ipv6'],
  summary: 'The addresses or ports of the packet are in an ipset.',
  details: [
    'The set has to exist when the rules are loaded (`ipset restore` first), and be of this family. There is one',
    '`src` or `dst` for each dimension of the set: `hash:ip,port` wants two.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_set.c:set_match_v4',
  options: {
    'match-set': option(setUse, 'The set, and which end of the packet is looked up in each of its dimensions.', {
      invert: true,
      required: true,
      aliases: ['set'],
    }),
    'return-nomatch': option(flag, 'An entry with `nomatch` counts as found.'),
    'update-counters': option(onlyNegated, "With `!`: leave the entry's counters alone.", { invert: true }),
    'update-subcounters': option(onlyNegated, 'With `!`: leave the counters of entries in member sets alone.', {
      invert: true,
    }),
    'packets-eq': option(uint32, "The entry's packet counter is this.", {
      invert: true,
      excludes: ['packets-lt', 'packets-gt'],
    }),
    'packets-lt': option(uint32, "The entry's packet counter is less.", { excludes: ['packets-gt'] }),
    'packets-gt': option(uint32, "The entry's packet counter is more."),
    'bytes-eq': option(uint32, "The entry's byte counter is this.", {
      invert: true,
      excludes: ['bytes-lt', 'bytes-gt'],
    }),
    'bytes-lt': option(uint32, "The entry's byte counter is less.", { excludes: ['bytes-gt'] }),
    'bytes-gt': option(uint32, "The entry's byte counter is more."),
  },
  examples: [
    same('-m set ! --match-set ips src'),
    saved('-m set --set ipport src,dst', '-m set --match-set ipport src,dst'),
    same('-m set --match-set nets src --return-nomatch ! --update-counters ! --update-subcounters'),
    same('-m set --match-set nets src --packets-lt 5 ! --bytes-eq 4'),
    saved('-m set --match-set nets src --update-counters', '-m set --match-set nets src'),
    fails('-m set', 'required'),
    fails('-m set --match-set ips foo', 'neither'),
    fails('-m set --match-set ips src,src,src,src,src,src,src', 'at most'),
    takes('-m set --match-set ips src', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m set --match-set ips dst', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m set --match-set ipport dst,dst', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m set --match-set ipport dst,dst', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m set --match-set ipport dst', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m set --match-set nets src', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m set --match-set nets src', 'in eth0 udp 198.51.100.8:40000 > 10.0.0.2:53'),
    takes('-m set --match-set nets src --return-nomatch', 'in eth0 udp 198.51.100.8:40000 > 10.0.0.2:53'),
  ],
  prepare: (given, world) => refuseSet(given['match-set'], world),
  matches(packet, given, world) {
    const { 'match-set': use } = given;
    const answer = lookUp(packet, use.value, queryOf(use.value, given), world);
    if (answer === undefined) return { kind: 'unsure', reason: notKnown(use.value) };
    return answer.held !== use.inverted ? true : mismatch('match-set', answer.text);
  },
  /** Counters move with every packet; who is in the set does not, while one walks through a table. */
  region({ 'match-set': use, 'return-nomatch': nomatch, ...counters }) {
    const isCounting = Object.values(counters).some((test) => test.value !== true);
    const question = `set ${setUse.print(use.value).join(' ')}${nomatch ? ' nomatch' : ''}`;
    return [{ conditions: [{ kind: 'question', question, inverted: use.inverted }], exact: !isCounting }];
  },
});

export const SET = defineTarget({
  name: 'SET',
  families: ['ipv4', 'ipv6'],
  summary: "Adds the packet's addresses or ports to an ipset, or takes them out of it; the walk goes on.",
  kernel: 'net/netfilter/xt_set.c:set_target_v3',
  anyOf: [['add-set', 'del-set', 'map-set']],
  options: {
    'add-set': option(setUse, 'The set to add to.'),
    exist: option(flag, 'Renew the timeout of an entry that is there already.', { requires: ['add-set'] }),
    timeout: option(uint32, 'Seconds after which the entry is removed.', { requires: ['add-set'] }),
    'del-set': option(setUse, 'The set to take the entry out of.'),
    'map-set': option(setUse, 'The set whose extensions are given to the packet.'),
    'map-mark': option(flag, 'The mark of the entry becomes that of the packet.', { requires: ['map-set'] }),
    'map-prio': option(flag, 'The priority of the entry becomes that of the packet.', { requires: ['map-set'] }),
    'map-queue': option(flag, 'The queue of the entry becomes that of the packet.', { requires: ['map-set'] }),
  },
  examples: [
    same('-j SET --add-set ips src --exist --timeout 5'),
    same('-j SET --add-set ips src --del-set nets dst'),
    fails('-j SET', 'at least one'),
    fails('-j SET --map-set ips src', 'needs'),
    fails('-j SET --add-set ips', 'neither'),
  ],
  refuses(given) {
    const mapped = given['map-mark'] ?? given['map-prio'] ?? given['map-queue'];
    return given['map-set'] && !mapped ? '--map-set needs --map-mark, --map-prio or --map-queue' : undefined;
  },
  prepare: (given, world) =>
    [given['add-set'], given['del-set'], given['map-set']]
      .map((use) => use && refuseSet(use, world))
      .find((refusal) => refusal !== undefined),
  apply(packet, given, world) {
    const { 'add-set': add, 'del-set': del, 'map-set': map } = given;
    const use = add ?? del ?? map;
    if (world.ipsets === undefined) return { kind: 'unsure', reason: use ? notKnown(use.value) : '' };
    const subject = { packet, context: world };
    const [adding, deleting] = [add, del].map((one) => one && world.ipsets?.get(one.value.set));
    if (add && adding) {
      const timeout = given.timeout?.value;
      const addition = { directions: add.value.directions, exist: given.exist !== undefined };
      addToSet(adding, subject, timeout === undefined ? addition : { ...addition, timeout });
    }
    if (del && deleting) removeFromSet(deleting, subject, del.value.directions);
    const mark = map && given['map-mark'] ? lookUp(packet, map.value, queryOf(map.value, {}), world)?.mark : undefined;
    if (mark) world.setMark((world.mark & ~mark.mask) ^ mark.value);
    return { kind: 'continue' };
  },
});

function notKnown({ set }: SetUse): string {
  return `what the ipset ${set} holds is not known here`;
}

/** @see extensions/libxt_set.h: get_set_byname */
function refuseSet({ value: { set: name } }: Given<SetUse>, { ipsets, family }: LoadWorld): string | undefined {
  if (ipsets === undefined) return undefined;
  const found = ipsets.get(name);
  if (found === undefined) return `the set ${name} does not exist`;
  return found.family === undefined || found.family === family ? undefined : `the set ${name} is of the other family`;
}

function lookUp(packet: Packet, { set: name }: SetUse, query: SetQuery, world: World): SetAnswer | undefined {
  const found = world.ipsets?.get(name);
  return found && testSet(found, { packet, context: world }, query);
}

type CounterOption = `${'packets' | 'bytes'}-${'eq' | 'lt' | 'gt'}`;

type QueryOptions = { readonly [name in CounterOption]?: Given<number> } & {
  readonly [name in 'return-nomatch' | 'update-counters' | 'update-subcounters']?: Given<true>;
};

function queryOf({ directions }: SetUse, given: QueryOptions): SetQuery {
  const [packets, bytes] = [counterTest('packets', given), counterTest('bytes', given)];
  return {
    directions,
    returnNomatch: given['return-nomatch'] !== undefined,
    updateCounters: !given['update-counters']?.inverted,
    updateSubcounters: !given['update-subcounters']?.inverted,
    ...(packets && { packets }),
    ...(bytes && { bytes }),
  };
}

function counterTest(counter: 'packets' | 'bytes', given: QueryOptions): CounterTest | undefined {
  const [eq, lt, gt] = [given[`${counter}-eq`], given[`${counter}-lt`], given[`${counter}-gt`]];
  if (eq) return { op: eq.inverted ? 'ne' : 'eq', value: eq.value };
  if (lt) return { op: 'lt', value: lt.value };
  return gt && { op: 'gt', value: gt.value };
}
