import { PROTOCOL } from '../net/protocol';
import { defineTarget, fails, option, saved } from './define';
import { flag, uint16, unsigned } from './value-types';

export const SYNPROXY = defineTarget({
  name: 'SYNPROXY',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  summary: 'Answers a SYN in the place of the server, and passes the connection on once the client has proved itself.',
  details: [
    'It wants the SYN untracked (`-j CT --notrack` in `raw`), `nf_conntrack_tcp_loose=0`, and the rule itself to take',
    'INVALID and UNTRACKED.',
  ].join('\n'),
  kernel: 'net/ipv4/netfilter/ipt_SYNPROXY.c:synproxy_tg4',
  hooks: ['INPUT', 'FORWARD'],
  needsConntrack: true,
  options: {
    'sack-perm': option(flag, 'Tell the client that the server takes selective acknowledgements.'),
    timestamp: option(flag, 'Tell the client that the server takes timestamps; without it wide windows are lost.'),
    wscale: option(unsigned('number from 0 to 14', 0, 14), 'The window scale of the server.'),
    mss: option(uint16, 'The maximum segment size of the server.'),
    ecn: option(flag, 'Tell the client that the server takes congestion notification.'),
  },
  examples: [
    saved(
      '-p tcp -j SYNPROXY --mss 1460 --wscale 7 --timestamp --sack-perm',
      '-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460',
    ),
    fails('-j SYNPROXY', 'needs -p tcp'),
  ],
  apply: () => ({ kind: 'unsure', reason: 'what the proxy exchanges with client and server is not simulated' }),
});
