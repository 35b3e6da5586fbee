import type { Given } from '../netfilter/ruleset';
import { compare, defineMatch, fails, leaves, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { bad, flag, inSpan, type NumberSpan, ok, parseUnsigned, word } from './value-types';

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
    takes('-m owner --uid-owner 0 --socket-exists', 'out udp 203.0.113.1:40000 > 198.51.100.7:53'),
    leaves('-m owner --uid-owner 1000-1999', 'out udp 203.0.113.1:40000 > 198.51.100.7:53'),
    takes('-m owner --uid-owner 1000-1999', 'out udp 203.0.113.1:40000 > 198.51.100.7:53 uid=1000'),
  ],
  matches(_packet, given, { sender }) {
    const { 'socket-exists': exists, 'uid-owner': uid, 'gid-owner': gid } = given;
    if (sender === undefined) return onlyNegated({ exists, uid, gid }, 'no socket of this host sends the packet');
    if (exists?.inverted) return mismatch('socket-exists', 'a socket sends the packet');
    if (sender.kind === 'kernel') return onlyNegated({ uid, gid }, "the kernel's own socket sends the packet");
    const user = uid
      ? compare('uid-owner', uid, inSpan(sender.uid, uid.value), () => `the user is ${sender.uid}`)
      : true;
    if (user !== true || gid === undefined) return user;
    return compare('gid-owner', gid, inSpan(sender.gid, gid.value), () => `the group is ${sender.gid}`);
  },
});

const OPTION_OF = { exists: 'socket-exists', uid: 'uid-owner', gid: 'gid-owner' } as const;

type Criteria = { readonly [name in keyof typeof OPTION_OF]?: Given | undefined };

/** Of what is not there, only a negation holds. */
function onlyNegated(criteria: Criteria, saw: string): MatchAnswer {
  const names = Object.keys(OPTION_OF) as (keyof typeof OPTION_OF)[];
  const positive = names.find((name) => criteria[name]?.inverted === false);
  return positive === undefined ? true : mismatch(OPTION_OF[positive], saw);
}
