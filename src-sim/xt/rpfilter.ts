import { defineMatch, option, same, saved } from './define';
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
  ],
  matches: () => ({ kind: 'unsure', reason: 'the route back to the source is not looked up here' }),
});
