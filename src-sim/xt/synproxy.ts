import { proxySynAck } from '../host/stack';
import { isLaterFragment, TCP_FLAG } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { defineTarget, fails, option, saved, type TargetAnswer } from './define';
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
  // @deviates the cookie is a random number here, so that no ACK is ever taken for an answer to it
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
  apply(packet, { mss }, world) {
    const { transport } = packet;
    if (transport.kind !== 'tcp' || isLaterFragment(packet)) return drop('the packet has no whole TCP header');
    const flags = transport.flags & (TCP_FLAG.S | TCP_FLAG.A | TCP_FLAG.F | TCP_FLAG.R);
    if (flags === TCP_FLAG.A) return drop('its acknowledgement is no cookie that the proxy has sent');
    if (flags !== TCP_FLAG.S) return { kind: 'continue' };
    const cookie = Math.floor(world.random() * 2 ** 32);
    // Without timestamps, which simulated segments do not have, the MSS is the only option.
    const answered = transport.options.mss === undefined ? undefined : mss?.value;
    world.answer(proxySynAck(packet, transport, cookie, answered), "SYNPROXY's SYN,ACK");
    return drop('the proxy answers the SYN in the place of the server');
  },
});

function drop(reason: string): TargetAnswer {
  return { kind: 'verdict', verdict: 'DROP', reason };
}
