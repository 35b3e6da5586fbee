/** Option values made of Ethernet addresses, with masks and the names that ebtables knows. */
import { macAddress } from '../xt/address-types';
import { allParsed, bad, mapParsed, ok, word } from '../xt/value-types';

export type MacMask = { readonly mac: string; readonly mask: string };

const EVERY_BIT = 'ff:ff:ff:ff:ff:ff';
const GROUP_BIT = '01:00:00:00:00:00';

// biome-ignore format: a table, aligned
const NAMED: readonly (MacMask & { readonly name: string; readonly summary: string })[] = [
  { name: 'Unicast',   mac: '00:00:00:00:00:00', mask: GROUP_BIT, summary: 'one station' },
  { name: 'Multicast', mac: GROUP_BIT,           mask: GROUP_BIT, summary: 'a group, or everybody' },
  { name: 'Broadcast', mac: EVERY_BIT,           mask: EVERY_BIT, summary: 'everybody' },
  { name: 'BGA',       mac: '01:80:c2:00:00:00', mask: EVERY_BIT, summary: 'the bridges (spanning tree)' },
];

/** `02:00:00:00:00:01`, with `/MASK`, or a name. */
export const macMask = word<MacMask>(
  'Ethernet address[/mask]',
  (text) => {
    const named = NAMED.find(({ name }) => name.toLowerCase() === text.toLowerCase());
    if (named) return ok({ mac: named.mac, mask: named.mask });
    const [address = '', mask = EVERY_BIT, ...rest] = text.split('/');
    if (rest.length > 0) return bad(`"${text}" has more than one mask`);
    const both = allParsed([macAddress.parse([address], 'ipv4'), macAddress.parse([mask], 'ipv4')]);
    return mapParsed(both, ([mac = '', bits = '']) => ({ mac: maskMac(mac, bits), mask: bits }));
  },
  ({ mac, mask }) => {
    const named = NAMED.find((one) => one.mac === mac && one.mask === mask);
    return named?.name ?? (mask === EVERY_BIT ? mac : `${mac}/${mask}`);
  },
  NAMED.map(({ name, summary }) => ({ text: name, summary })),
);

export function macMatches(candidate: string, { mac, mask }: MacMask): boolean {
  return maskMac(candidate, mask) === mac;
}

function maskMac(mac: string, mask: string): string {
  const bits = mask.split(':');
  return mac
    .split(':')
    .map((byte, index) => Number.parseInt(byte, 16) & Number.parseInt(bits[index] ?? '0', 16))
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(':');
}

/** Whether it addresses more than one station. */
export function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

export const BROADCAST_MAC = EVERY_BIT;
