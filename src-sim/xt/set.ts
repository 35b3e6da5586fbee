import { defineMatch, defineTarget, fails, type MatchAnswer, option, same, saved, type ValueType } from './define';
import { allParsed, bad, flag, mapParsed, ok, uint32 } from './value-types';

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
    'The set has to exist when the rules are loaded (`ipset restore` first), and be of this family. There is one `src` or',
    '`dst` for each dimension of the set: `hash:ip,port` wants two.',
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
  ],
  matches(_packet, given): MatchAnswer {
    return { kind: 'unsure', reason: `what the ipset ${given['match-set'].value.set} holds is not known here` };
  },
  region: () => [{ conditions: [], exact: false }],
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
  apply: () => ({ kind: 'unsure', reason: 'ipsets are not simulated' }),
});
