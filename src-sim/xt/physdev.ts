import type { Given } from '../netfilter/ruleset';
import { interfaceMatches, interfaceName } from './address-types';
import { compare, defineMatch, fails, leaves, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { asked } from './region';
import { flag } from './value-types';
import type { BridgePorts } from './world';

export const physdev = defineMatch({
  name: 'physdev',
  families: ['ipv4', 'ipv6'],
  summary: 'The ports of a bridge by which a packet came in and leaves.',
  details: [
    'iptables sees bridged packets only where `net.bridge.bridge-nf-call-iptables` is 1. There `-i` and `-o` are',
    'the bridge, and these are its ports. `--physdev-out` is known for bridged packets only, in FORWARD and',
    'POSTROUTING: for those that are routed, or made on this host, the port is not known yet.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_physdev.c:physdev_mt',
  anyOf: [['physdev-in', 'physdev-out', 'physdev-is-in', 'physdev-is-out', 'physdev-is-bridged']],
  options: {
    'physdev-is-in': option(flag, 'It came in by a bridge.', { invert: true }),
    'physdev-in': option(interfaceName, 'The port by which it came in.', { invert: true }),
    'physdev-is-out': option(flag, 'It leaves by a bridge.', { invert: true }),
    'physdev-out': option(interfaceName, 'The port by which it leaves.', { invert: true }),
    'physdev-is-bridged': option(flag, 'It is bridged, not routed.', { invert: true }),
  },
  examples: [
    saved(
      '-m physdev --physdev-in eth+ --physdev-out eth1 --physdev-is-in --physdev-is-out --physdev-is-bridged',
      '-m physdev --physdev-is-in --physdev-in eth+ --physdev-is-out --physdev-out eth1 --physdev-is-bridged',
    ),
    same('-m physdev ! --physdev-in eth0 ! --physdev-is-bridged'),
    fails('-m physdev', 'at least one'),
    leaves('-m physdev --physdev-in eth0', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m physdev ! --physdev-is-bridged', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  matches(_packet, given, world): MatchAnswer {
    const ports = world.bridgePorts;
    if (ports === undefined) return compareWithoutBridge(given);
    const { 'physdev-in': input, 'physdev-out': output } = given;
    const answers = [
      comparePresence('physdev-is-bridged', given['physdev-is-bridged'], ports.out, 'bridged'),
      comparePresence('physdev-is-in', given['physdev-is-in'], ports.in, 'in by a bridge'),
      comparePresence('physdev-is-out', given['physdev-is-out'], ports.out, 'out by a bridge'),
      input && ports.in !== undefined ? comparePort('physdev-in', input, ports.in) : true,
      output ? compareOutput(output, ports) : true,
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
  region: (given) => asked('physdev', given),
});

/** Without a bridge only what is negated holds. */
function compareWithoutBridge(given: { readonly [name: string]: Given | undefined }): MatchAnswer {
  const positive = Object.entries(given).find(([, one]) => one?.inverted === false);
  return positive ? mismatch(positive[0], 'no bridge carries the packet') : true;
}

function comparePresence(
  name: string,
  given: Given<true> | undefined,
  port: string | undefined,
  what: string,
): MatchAnswer {
  if (given === undefined) return true;
  return compare(name, given, port !== undefined, () => `the packet is ${port === undefined ? 'not ' : ''}${what}`);
}

function comparePort(name: string, given: Given<string>, port: string): MatchAnswer {
  return compare(name, given, interfaceMatches(given.value, port), () => `the port is ${port}`);
}

function compareOutput(given: Given<string>, ports: BridgePorts): MatchAnswer {
  return ports.out === undefined
    ? mismatch('physdev-out', 'the port is not known')
    : comparePort('physdev-out', given, ports.out);
}
