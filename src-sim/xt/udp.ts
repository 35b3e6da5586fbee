import { isLaterFragment } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { defineMatch, fails, leaves, mismatch, option, same, saved, takes } from './define';
import { portSpan } from './port-types';
import { destinationPortMatches, portCondition, sourcePortMatches } from './ports';

export const udp = defineMatch({
  name: 'udp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.udp],
  protocols: [PROTOCOL.udp],
  summary: 'Ports of a UDP datagram.',
  details: [
    '`-p udp` makes these options known without `-m udp`. A later fragment carries no ports and never matches. A range',
    'that runs backwards is accepted (unlike that of tcp), and matches nothing.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_tcpudp.c:udp_mt',
  options: {
    sport: option(portSpan, 'Source port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['source-port'],
    }),
    dport: option(portSpan, 'Destination port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['destination-port'],
    }),
  },
  examples: [
    saved('-p udp --dport domain', '-p udp -m udp --dport 53'),
    saved('-p udp ! --sport 53 --dport 1024:', '-p udp -m udp ! --sport 53 --dport 1024:65535'),
    saved('-p 17 -m udp --dport 53:53', '-p udp -m udp --dport 53'),
    saved('-p udp --dport 70000', '-p udp -m udp --dport 4464'),
    same('-p udp -m udp'),
    same('-p udp -m udp --dport 53:1'),
    fails('-p tcp -m udp --dport 53', 'needs -p udp'),
    fails('-p udplite -m udp --dport 53', 'needs -p udp'),
    takes('-p udp -m udp --dport 53', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-p udp -m udp --sport 53', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-p udp -m udp ! --dport 53', 'in eth0 udp 198.51.100.7 > 10.0.0.2 frag=@185'),
  ],
  matches(packet, given) {
    if (isLaterFragment(packet)) return mismatch('', 'a later fragment has no UDP header');
    if (packet.transport.kind !== 'udp') return { kind: 'hotdrop', reason: 'the packet has no whole UDP header' };
    const source = sourcePortMatches(packet, given.sport);
    return source === true ? destinationPortMatches(packet, given.dport) : source;
  },
  region(given) {
    return [
      { conditions: [...portCondition('sport', given.sport), ...portCondition('dport', given.dport)], exact: true },
    ];
  },
});
