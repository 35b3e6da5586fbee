import type { Given } from '../netfilter/ruleset';
import { defineMatch, fails, type MatchAnswer, mismatch, option, same, saved } from './define';
import { bad, flag, type NumberSpan, ok, parseUnsigned, word } from './value-types';

/** Names of passwd(5) and group(5) are another host's business; `root` is 0 everywhere. */
const idSpan = word<NumberSpan>(
  'id[-id]',
  (text) => {
    const [from = '', to = from, ...rest] = text === 'root' ? ['0'] : text.split('-');
    const min = parseUnsigned(from);
    const max = parseUnsigned(to);
    if (min === undefined || max === undefined || rest.length > 0) {
      return bad(`"${text}" is not an id; iptables would look the name up while it loads the rules`);
    }
    return min > max ? bad(`the range ${text} runs backwards`) : ok({ min, max });
  },
  ({ min, max }) => (min === max ? `${min}` : `${min}-${max}`),
);

export const owner = defineMatch({
  name: 'owner',
  families: ['ipv4', 'ipv6'],
  summary: 'Which user or group of this host sends the packet.',
  details: [
    'Only packets of a local process have one. What the kernel sends by itself (an ICMP error, a RST, an echo',
    'reply) has no socket: it matches only what is negated.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_owner.c:owner_mt',
  hooks: ['OUTPUT', 'POSTROUTING'],
  anyOf: [['uid-owner', 'gid-owner', 'socket-exists']],
  options: {
    'socket-exists': option(flag, 'A socket sends it.', { invert: true }),
    'uid-owner': option(idSpan, 'User of the process, or a range of user ids.', { invert: true }),
    'gid-owner': option(idSpan, 'Group of the process, or a range of group ids.', { invert: true }),
    'suppl-groups': option(flag, 'Look at the supplementary groups of the process too.', { requires: ['gid-owner'] }),
  },
  examples: [
    saved('-m owner --uid-owner root', '-m owner --uid-owner 0'),
    same('-m owner ! --uid-owner 0-100 --gid-owner 5 --suppl-groups'),
    same('-m owner ! --socket-exists'),
    fails('-m owner', 'at least one'),
    fails('-m owner --uid-owner 10-5', 'backwards'),
    fails('-m owner --uid-owner nosuchuser', 'not an id'),
  ],
  matches(_packet, given, world): MatchAnswer {
    const isForwarded = world.inDevice !== undefined;
    if (!isForwarded) return { kind: 'unsure', reason: 'a scenario does not say which user sends a packet' };
    const positive = Object.entries(given).find(([, one]) => isPositive(one));
    return positive ? mismatch(positive[0], 'no socket of this host sends the packet') : true;
  },
});

function isPositive(one: Given | undefined): boolean {
  return one?.inverted === false;
}
