import type { Address } from '../net/address';
import type { Packet } from '../net/packet';
import { address, macAddress } from '../xt/address-types';
import { compare, fails, leaves, option, same, saved, takes } from '../xt/define';
import { allParsed, mapParsed, ok, word } from '../xt/value-types';
import { defineBridgeMatch, firstMismatch } from './define';

/** Without an IP address: whatever the frame carries. */
type Station = { readonly mac: string; readonly address: Address | null };

const stations = word<readonly Station[]>(
  'mac[=ip][,…]',
  (text) =>
    allParsed(
      text
        .split(',')
        .filter((part) => part !== '')
        .map(readStation),
    ),
  (list) => list.map(stationText).sort().join(','),
);

function readStation(text: string) {
  const [mac = '', ip] = text.split('=');
  const both = allParsed([macAddress.parse([mac], 'ipv4'), ip === undefined ? ok('') : address.parse([ip], 'ipv4')]);
  return mapParsed(both, ([found = '', host = '']): Station => ({ mac: found, address: host === '' ? null : host }));
}

/** Without leading zeros. @see extensions/libebt_among.c: bramong_print */
function stationText({ mac, address: host }: Station): string {
  const short = mac.replace(/\b0(?=[0-9a-f])/g, '');
  return host === null ? short : `${short}=${host}`;
}

const PACKET = 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53 mac_src=02:00:00:00:01:02 mac_dst=02:00:00:00:02:02';

export const among = defineBridgeMatch({
  name: 'among',
  summary: 'A list of stations, each by its Ethernet address, or by that and its IPv4 address.',
  details: 'A station with an IPv4 address is not found in a frame that carries IPv6.',
  kernel: 'net/bridge/netfilter/ebt_among.c:ebt_among_mt',
  options: {
    'among-src': option(stations, 'The frame is from one of these.', { invert: true }),
    'among-dst': option(stations, 'The frame is for one of these.', { invert: true }),
  },
  examples: [
    saved('--among-src 02:00:00:00:00:01 -j DROP', '--among-src 2:0:0:0:0:1 -j DROP'),
    same('--among-dst ! 2:0:0:0:0:1,2:0:0:0:0:2=10.0.0.1 -j DROP'),
    fails('--among-dst 2:0:0:0:1 -j DROP', 'not a MAC address'),
    fails('--among-dst 2:0:0:0:0:1=nobody -j DROP', 'not an IPv4 address'),
    takes('--among-src 2:0:0:0:1:2=10.0.0.2 --among-dst 2:0:0:0:2:2', PACKET),
    leaves('--among-dst 2:0:0:0:2:2=10.0.0.4', PACKET),
  ],
  matches({ family, src, dst }, given, { macSource, macDestination }) {
    const { 'among-src': from, 'among-dst': to } = given;
    return firstMismatch([
      from === undefined ||
        compare('among-src', from, isListed(from.value, macSource, family, src), () => `it is ${macSource}, ${src}`),
      to === undefined ||
        compare(
          'among-dst',
          to,
          isListed(to.value, macDestination, family, dst),
          () => `it is ${macDestination}, ${dst}`,
        ),
    ]);
  },
});

function isListed(list: readonly Station[], mac: string, family: Packet['family'], host: Address): boolean {
  return list.some((one) => one.mac === mac && (one.address === null || (family === 'ipv4' && one.address === host)));
}
