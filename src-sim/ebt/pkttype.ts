import { compare, fails, leaves, option, same, saved, takes } from '../xt/define';
import { bad, ok, parseUnsigned, word } from '../xt/value-types';
import { defineBridgeMatch } from './define';
import type { FrameType } from './world';

/** By their numbers. @kernel include/uapi/linux/if_packet.h */
const TYPES: readonly { readonly text: FrameType; readonly summary: string }[] = [
  { text: 'host', summary: 'to this host' },
  { text: 'broadcast', summary: 'to everybody' },
  { text: 'multicast', summary: 'to a group' },
  { text: 'otherhost', summary: 'to another host: what is bridged' },
  { text: 'outgoing', summary: 'never seen here' },
  { text: 'loopback', summary: 'never seen here' },
  { text: 'fastroute', summary: 'never seen here' },
];

const frameType = word<FrameType>(
  'frame type',
  (text) => {
    const number = parseUnsigned(text);
    const known = number === undefined ? TYPES.find((one) => one.text === text.toLowerCase()) : TYPES[number];
    return known ? ok(known.text) : bad(`"${text}" is none of ${TYPES.map((one) => one.text).join(', ')}`);
  },
  String,
  TYPES,
);

const BRIDGED = 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53 mac_dst=02:00:00:00:02:02';

export const pkttype = defineBridgeMatch({
  name: 'pkttype',
  summary: 'To whom the frame is addressed: to this host, to all, to a group, to another host.',
  kernel: 'net/bridge/netfilter/ebt_pkttype.c:ebt_pkttype_mt',
  options: {
    'pkttype-type': option(frameType, 'The type, by its name or number.', { invert: true, required: true }),
  },
  examples: [
    saved('--pkttype-type 3 -j DROP', '--pkttype-type otherhost -j DROP'),
    same('--pkttype-type ! multicast -j DROP'),
    fails('--pkttype-type unicast -j DROP', 'none of'),
    takes('--pkttype-type otherhost', BRIDGED),
    leaves('--pkttype-type host', BRIDGED),
  ],
  matches(_packet, given, { frameType: found }) {
    const wanted = given['pkttype-type'];
    return compare('pkttype-type', wanted, wanted.value === found, () => `it is ${found}`);
  },
});
