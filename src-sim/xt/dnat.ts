import { defineTarget, fails, option, same, saved } from './define';
import { natRange, refusePorts, shiftedNatChoice } from './nat-types';
import { flag } from './value-types';

export const DNAT = defineTarget({
  name: 'DNAT',
  families: ['ipv4', 'ipv6'],
  summary: "Rewrites the destination of a flow; answers are rewritten back. It ends the table's walk.",
  details: [
    'It happens before routing and before `filter`: FORWARD and INPUT see the **new** destination. Only the first',
    'packet of a flow asks the table `nat`, and INVALID and UNTRACKED packets never do. Clients on the same',
    'network as the server need SNAT beside it, or the answer comes to them directly, from an address that they',
    'have not asked.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_nat.c:xt_dnat_target_v2',
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  needsConntrack: true,
  options: {
    'to-destination': option(
      shiftedNatChoice,
      'The new destination: an address or a range of them, and with `-p` ports.',
      {
        required: true,
      },
    ),
    random: option(flag, 'Choose the port at random, where there is a range of them.'),
    persistent: option(flag, 'Give a client the same address for every source port.'),
  },
  examples: [
    same('-j DNAT --to-destination 10.0.0.2-10.0.0.9'),
    same('-p tcp -j DNAT --to-destination 10.0.0.2:80-90/1000'),
    same('-p tcp -j DNAT --to-destination :80'),
    saved('-j DNAT --to 10.0.0.2 --persistent --random', '-j DNAT --to-destination 10.0.0.2 --random --persistent'),
    fails('-j DNAT --to-destination 10.0.0.2:80', 'ports need'),
    fails('-p tcp -j DNAT --to-destination 10.0.0.2:', 'not a port'),
    fails('-j DNAT --to-destination 10.0.0.2/24', 'not an IPv4 address'),
    fails('-j DNAT --to-destination 010.0.0.1', 'not an IPv4 address'),
    fails('-j DNAT --to-destination host', 'not an IPv4 address'),
    fails('-j DNAT', 'required'),
  ],
  refuses: (given, context) => refusePorts(given['to-destination'].value.ports, context),
  apply(_packet, given, world) {
    return { kind: 'verdict', verdict: world.setUpNat('dst', natRange(given['to-destination'].value, given)) };
  },
  effect: () => ({ kind: 'end' }),
});
