import { defineMatch, fails, option, saved } from './define';
import { flag } from './value-types';

export const socket = defineMatch({
  name: 'socket',
  families: ['ipv4', 'ipv6'],
  summary: 'A socket of this host is open for the packet, whatever address it is sent to.',
  details: 'For transparent proxies: what belongs to a connection of the proxy is marked, and routed to this host.',
  kernel: 'net/netfilter/xt_socket.c:socket_match',
  hooks: ['PREROUTING', 'INPUT'],
  options: {
    transparent: option(flag, 'The socket is transparent (`IP_TRANSPARENT`).'),
    nowildcard: option(flag, 'Listeners on every address count too.'),
    'restore-skmark': option(flag, "The packet gets the socket's mark."),
  },
  examples: [
    saved(
      '-m socket --restore-skmark --nowildcard --transparent',
      '-m socket --transparent --nowildcard --restore-skmark',
    ),
    fails('-m socket --transparent 1', 'takes no value'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'which sockets are open for it is not known here' }),
});
