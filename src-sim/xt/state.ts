import { CT_STATES, compareState, stateRegion } from './conntrack-state';
import { defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { keywords } from './value-types';

export const state = defineMatch({
  name: 'state',
  families: ['ipv4', 'ipv6'],
  summary: 'The conntrack state of the packet. The older spelling of `-m conntrack --ctstate`.',
  details: [
    'The kernel runs the same code for both; this one knows neither `SNAT` nor `DNAT`, and no other criterion.',
    'In the table `raw` every packet is INVALID still: conntrack comes after it.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_conntrack.c:conntrack_mt',
  needsConntrack: true,
  options: {
    state: option(keywords('list of states', CT_STATES, { prefixes: true }), 'The packet is in one of these states.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-m state --state ESTABLISHED,RELATED,UNTRACKED', '-m state --state RELATED,ESTABLISHED,UNTRACKED'),
    saved('-m state --state invalid,new', '-m state --state INVALID,NEW'),
    same('-m state ! --state INVALID'),
    fails('-m state --state DNAT', 'none of'),
    fails('-m state --state NEW,', 'none of'),
    fails('-m state', 'required'),
    takes('-m state --state NEW', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-m state --state RELATED,ESTABLISHED', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(_packet, given, world) {
    return compareState('state', given.state, world.conntrack);
  },
  region(given) {
    return [stateRegion(given.state)];
  },
});
