import type { Given } from '../netfilter/ruleset';
import { interfaceName } from '../xt/address-types';
import { compare, fails, leaves, type Mismatch, option, same, saved, takes } from '../xt/define';
import { defineBridgeMatch, firstMismatch } from './define';
import { ETHER_TYPE, etherType, etherTypeText } from './ether-type';
import { macMask, macMatches } from './mac-type';

const PACKET = 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53 mac_src=02:00:00:00:01:02 mac_dst=02:00:00:00:02:02';

export const builtin = defineBridgeMatch({
  name: 'builtin',
  summary: 'What every rule may ask: the protocol that the frame carries, its ports and bridge, its addresses.',
  details: [
    'A device is the **port** here, and the bridge is `--logical-in` and `--logical-out`. A name that ends in `+`',
    'stands for all that begin so. `!` stands behind the option.',
  ].join('\n'),
  kernel: 'net/bridge/netfilter/ebtables.c:ebt_basic_match',
  options: {
    protocol: option(etherType, 'The protocol that the frame carries: `IPv4`, `ARP`, `Length`, or `0x86dd`.', {
      invert: true,
      short: 'p',
      aliases: ['proto'],
    }),
    'in-interface': option(interfaceName, 'The port that the frame came in by.', {
      invert: true,
      short: 'i',
      aliases: ['in-if'],
    }),
    'logical-in': option(interfaceName, 'The bridge that this port belongs to.', { invert: true }),
    'out-interface': option(interfaceName, 'The port that the frame leaves by.', {
      invert: true,
      short: 'o',
      aliases: ['out-if'],
    }),
    'logical-out': option(interfaceName, 'The bridge that this port belongs to.', { invert: true }),
    source: option(macMask, 'The Ethernet address of the sender.', { invert: true, short: 's', aliases: ['src'] }),
    destination: option(macMask, 'The Ethernet address that the frame is for.', {
      invert: true,
      short: 'd',
      aliases: ['dst'],
    }),
  },
  examples: [
    saved('-p ip -j DROP', '-p IPv4 -j DROP'),
    saved('-p 0x806 -j DROP', '-p ARP -j DROP'),
    saved('-p 2048 -j DROP', '-p 0x2048 -j DROP'),
    saved('! -p length', '-p ! Length -j CONTINUE'),
    same('-i p+ -o ! p1 -j ACCEPT'),
    saved('-s 2:0:0:0:0:A/ff:ff:ff:0:0:0 -j DROP', '-s 02:00:00:00:00:00/ff:ff:ff:00:00:00 -j DROP'),
    saved('-d 01:00:00:00:00:00/01:00:00:00:00:00 -j DROP', '-d Multicast -j DROP'),
    same('-d ! Unicast -j DROP'),
    same('-d BGA -j DROP'),
    fails('-p 0x100 -j DROP', '0x0600 and above'),
    fails('-p nonsense -j DROP', 'unknown Ethernet protocol'),
    fails('-s nobody -j DROP', 'not a MAC address'),
    fails('-p IPv4 -p IPv4 -j DROP', 'given twice'),
    takes('-p IPv4 -i p0 -o p+ --logical-in br0 -s 02:00:00:00:01:02 -d Unicast', PACKET),
    takes('-s 02:00:00:00:00:00/ff:ff:ff:00:00:00 -p ! ARP', PACKET),
    leaves('-p Length', PACKET),
    leaves('-i ! p0', PACKET),
    leaves('--logical-out br1', PACKET),
  ],
  matches({ family }, given, world) {
    const protocol = family === 'ipv4' ? ETHER_TYPE.IPv4 : ETHER_TYPE.IPv6;
    const bridgeIn = world.inPort === undefined ? undefined : world.bridge;
    const bridgeOut = world.outPort === undefined ? undefined : world.bridge;
    return firstMismatch([
      given.protocol === undefined ||
        compare(
          'protocol',
          given.protocol,
          given.protocol.value === protocol,
          () => `it is ${etherTypeText(protocol)}`,
        ),
      compareDevice('in-interface', given['in-interface'], world.inPort),
      compareDevice('out-interface', given['out-interface'], world.outPort),
      // What is no port of a bridge has none: the condition holds then, inverted or not.
      bridgeIn === undefined || compareDevice('logical-in', given['logical-in'], bridgeIn),
      bridgeOut === undefined || compareDevice('logical-out', given['logical-out'], bridgeOut),
      given.source === undefined ||
        compare(
          'source',
          given.source,
          macMatches(world.macSource, given.source.value),
          () => `it is ${world.macSource}`,
        ),
      given.destination === undefined ||
        compare(
          'destination',
          given.destination,
          macMatches(world.macDestination, given.destination.value),
          () => `it is ${world.macDestination}`,
        ),
    ]);
  },
});

/** A frame without the device is compared as none of that name. @kernel …/ebtables.c:ebt_dev_check */
function compareDevice(name: string, given: Given<string> | undefined, device: string | undefined): true | Mismatch {
  if (given === undefined) return true;
  const held = device !== undefined && isNamed(given.value, device);
  return compare(name, given, held, () => (device === undefined ? 'there is none' : `it is ${device}`));
}

function isNamed(pattern: string, device: string): boolean {
  return pattern.endsWith('+') ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}
