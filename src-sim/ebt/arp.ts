import { fails, leaves, mismatch, option, same, saved } from '../xt/define';
import { bad, flag, ok, parseNumberIn, unsigned, word } from '../xt/value-types';
import { defineBridgeMatch } from './define';
import { networkOf } from './ip-types';
import { macMask } from './mac-type';

/** By their numbers, from 1. @see IANA "Address Resolution Protocol (ARP) Parameters" */
const OPERATIONS = [
  'Request',
  'Reply',
  'Request_Reverse',
  'Reply_Reverse',
  'DRARP_Request',
  'DRARP_Reply',
  'DRARP_Error',
  'InARP_Request',
  'ARP_NAK',
];

const operation = word<number>(
  'operation',
  (text) => {
    const named = OPERATIONS.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    return named === -1 ? parseNumberIn(text, 0, 65_535) : ok(named + 1);
  },
  (number) => OPERATIONS[number - 1] ?? String(number),
  OPERATIONS.map((text, index) => ({ text, summary: `operation ${index + 1}` })),
);

const ETHERNET = 1;

const hardware = word<number>('hardware type', (text) => {
  if (text.toLowerCase() === 'ethernet') return ok(ETHERNET);
  return /^\d+$/.test(text) ? parseNumberIn(text, 0, 65_535) : bad<number>(`"${text}" is no hardware type`);
});

const hex = (number: number) => `0x${number.toString(16)}`;

export const arp = defineBridgeMatch({
  name: 'arp',
  summary: 'An ARP or RARP message: who asks for whom.',
  details: 'Packets of a scenario are IP: no frame of it is taken by this match.',
  kernel: 'net/bridge/netfilter/ebt_arp.c:ebt_arp_mt',
  protocols: ['ARP', 'RARP'],
  options: {
    'arp-op': option(operation, 'The operation: `Request`, `Reply`, or its number.', {
      invert: true,
      aliases: ['arp-opcode'],
    }),
    'arp-htype': option(hardware, 'The hardware type; 1 is Ethernet.', { invert: true }),
    'arp-ptype': option(unsigned('protocol type', 0, 65_535, hex), 'The protocol whose addresses are asked for.', {
      invert: true,
    }),
    'arp-ip-src': option(networkOf('ipv4'), 'The IP address of the sender.', { invert: true }),
    'arp-ip-dst': option(networkOf('ipv4'), 'The IP address that is asked for.', { invert: true }),
    'arp-mac-src': option(macMask, 'The Ethernet address of the sender, as the message gives it.', { invert: true }),
    'arp-mac-dst': option(macMask, 'The Ethernet address of the target.', { invert: true }),
    'arp-gratuitous': option(flag, 'Sender and target have the same IP address.', { invert: true }),
  },
  examples: [
    saved('-p ARP --arp-opcode ! 2 -j DROP', '-p ARP --arp-op ! Reply -j DROP'),
    saved('-p ARP --arp-htype Ethernet -j DROP', '-p ARP --arp-htype 1 -j DROP'),
    saved('-p ARP --arp-ip-src 10.0.0.1/8 -j DROP', '-p ARP --arp-ip-src 10.0.0.0/8 -j DROP'),
    same('-p ARP --arp-htype 1 --arp-ptype 0x800 --arp-mac-dst 02:00:00:00:00:00/ff:ff:ff:ff:ff:00 -j DROP'),
    same('-p RARP --arp-op Request_Reverse -j DROP'),
    same('-p ARP --arp-gratuitous -j DROP'),
    fails('--arp-op Request -j DROP', '-p ARP or RARP'),
    fails('-p ARP --arp-htype nonsense -j DROP', 'no hardware type'),
    leaves('-p ARP --arp-op Request', 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53'),
  ],
  matches: ({ family }) => mismatch('arp-op', `the frame carries ${family}`),
});
