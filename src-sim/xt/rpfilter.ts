import { defineMatch, leaves, mismatch, option, same, saved, takes } from './define';
import { flag } from './value-types';

export const rpfilter = defineMatch({
  name: 'rpfilter',
  families: ['ipv4', 'ipv6'],
  summary: 'The answer would leave by the interface by which the packet came in: it is not forged.',
  details: 'For IPv6 it is what `net.ipv4.conf.*.rp_filter` is for IPv4. Where routes are asymmetric use `--loose`.',
  kernel: 'net/ipv4/netfilter/ipt_rpfilter.c:rpfilter_mt',
  tables: ['raw', 'mangle'],
  hooks: ['PREROUTING'],
  options: {
    loose: option(flag, 'Any interface will do, as long as there is a route.'),
    validmark: option(flag, "Look for the route with the packet's mark."),
    'accept-local': option(flag, "Accept this host's own addresses as sources."),
    invert: option(flag, 'Match what fails the test.'),
  },
  examples: [
    same('-m rpfilter'),
    saved(
      '-m rpfilter --invert --accept-local --validmark --loose',
      '-m rpfilter --loose --validmark --accept-local --invert',
    ),
    takes('-m rpfilter', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m rpfilter', 'in eth1 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m rpfilter --invert', 'in eth0 udp 10.0.0.2:40000 > 203.0.113.1:53'),
  ],
  matches(packet, given, world) {
    const held = world.reversePathHolds(packet, {
      loose: given.loose !== undefined,
      acceptsLocal: given['accept-local'] !== undefined,
      mark: given.validmark ? world.mark : 0,
    });
    if (held !== (given.invert !== undefined)) return true;
    return mismatch('', `the way back to ${packet.src} is ${held ? '' : 'not '}by ${world.inDevice}`);
  },
});
