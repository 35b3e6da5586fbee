import { defineMatch, fails, leaves, mismatch, option, saved } from './define';
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
    leaves('-m socket --nowildcard', 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S'),
    fails('-m socket --transparent 1', 'takes no value'),
  ],
  prepare(_given, world) {
    world.gatherFragments();
    return undefined;
  },
  matches(packet, given, world) {
    const found = world.findSocket(packet);
    if (found === undefined) return mismatch('', 'no socket of this host is open for the packet');
    if (found.isWildcard && !given.nowildcard) return mismatch('nowildcard', 'the socket listens on every address');
    if (given.transparent && !found.isTransparent) return mismatch('transparent', 'the socket is not transparent');
    // A simulated socket has no mark.
    if (given['restore-skmark'] && found.isFull) world.setMark(0);
    return true;
  },
});
