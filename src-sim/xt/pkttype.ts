import { compare, defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { asked } from './region';
import { bad, ok, word } from './value-types';
import type { World } from './world';

type PacketType = 'unicast' | 'broadcast' | 'multicast' | 'otherhost';

const TYPES: readonly { readonly text: PacketType; readonly summary: string; readonly aliases: readonly string[] }[] = [
  { text: 'unicast', summary: 'to this host', aliases: ['host'] },
  { text: 'broadcast', summary: 'to every host of the link', aliases: ['bcast'] },
  { text: 'multicast', summary: 'to a group', aliases: ['mcast'] },
  { text: 'otherhost', summary: 'to another host: such packets do not get this far', aliases: [] },
];

const packetType = word<PacketType>(
  'packet type',
  (text) => {
    const wanted = text.toLowerCase();
    const known = TYPES.find((type) => type.text === wanted || type.aliases.includes(wanted));
    return known ? ok(known.text) : bad(`"${text}" is none of ${TYPES.map((type) => type.text).join(', ')}`);
  },
  String,
  TYPES,
);

export const pkttype = defineMatch({
  name: 'pkttype',
  families: ['ipv4', 'ipv6'],
  summary: 'How the link layer addressed the packet: to this host, to all, to a group.',
  details: 'A packet that this host makes is `unicast`, whatever its destination.',
  kernel: 'net/netfilter/xt_pkttype.c:pkttype_mt',
  options: {
    'pkt-type': option(packetType, 'The type of the frame.', { invert: true, required: true }),
  },
  examples: [
    saved('-m pkttype --pkt-type BCAST', '-m pkttype --pkt-type broadcast'),
    saved('-m pkttype --pkt-type host', '-m pkttype --pkt-type unicast'),
    same('-m pkttype ! --pkt-type multicast'),
    fails('-m pkttype', 'required'),
    takes('-m pkttype --pkt-type unicast', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m pkttype --pkt-type broadcast', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  matches(packet, given, world) {
    const type = typeOf(packet.dst, world);
    return compare('pkt-type', given['pkt-type'], type === given['pkt-type'].value, () => `the frame was ${type}`);
  },
  region: (given) => asked('pkttype', given),
});

/** A frame that came back by loopback tells by its destination. */
function typeOf(destination: string, world: World): Exclude<PacketType, 'otherhost'> {
  if (world.packetType !== 'loopback') return world.packetType;
  const type = world.addressType(destination);
  if (type === 'MULTICAST') return 'multicast';
  return type === 'BROADCAST' ? 'broadcast' : 'unicast';
}
