import { macAddress } from './address-types';
import { compare, defineMatch, fails, leaves, mismatch, option, saved, takes } from './define';
import { asked } from './region';

export const mac = defineMatch({
  name: 'mac',
  families: ['ipv4', 'ipv6'],
  summary: 'The Ethernet address that the packet came from: the neighbour, not the sender behind a router.',
  details: 'It never matches a packet that came in by another kind of device (`lo`, a tunnel), not even behind `!`.',
  kernel: 'net/netfilter/xt_mac.c:mac_mt',
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  options: {
    'mac-source': option(macAddress, 'The source address of the frame.', { invert: true, required: true }),
  },
  examples: [
    saved('-m mac --mac-source 0:1:2:3:4:aA', '-m mac --mac-source 00:01:02:03:04:aa'),
    fails('-m mac --mac-source 00-11-22-33-44-55', 'not a MAC address'),
    fails('-m mac --mac-source 00:11:22:33:44', 'not a MAC address'),
    fails('-m mac', 'required'),
    takes(
      '-m mac --mac-source 02:00:00:00:00:02',
      'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53 mac_src=02:00:00:00:00:02',
    ),
    leaves(
      '-m mac ! --mac-source 02:00:00:00:00:02',
      'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53 mac_src=02:00:00:00:00:02',
    ),
  ],
  matches(_packet, given, world) {
    const { macSource } = world;
    if (macSource === undefined) return mismatch('mac-source', 'the packet came in by no Ethernet device');
    const held = macSource === given['mac-source'].value;
    return compare('mac-source', given['mac-source'], held, () => `the frame came from ${macSource}`);
  },
  region: (given) => asked('mac', given),
});
