import { defineTarget, fails, option, same, saved } from './define';
import { natChoice, natRange, refusePorts } from './nat-types';
import { flag } from './value-types';

export const SNAT = defineTarget({
  name: 'SNAT',
  families: ['ipv4', 'ipv6'],
  summary: "Rewrites the source of a flow; answers are rewritten back. It ends the table's walk.",
  details: [
    'Only the first packet of a flow asks the table `nat`; conntrack does the same to all others, so INVALID and',
    'UNTRACKED packets leave untranslated. The port is kept where it is free, else one of its class is taken',
    '(1–511, 600–1023, 1024–65535). In INPUT it rewrites the source that a local process will see.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_nat.c:xt_snat_target_v2',
  tables: ['nat'],
  hooks: ['INPUT', 'POSTROUTING'],
  needsConntrack: true,
  options: {
    'to-source': option(natChoice, 'The new source: an address or a range of them, and with `-p` ports.', {
      required: true,
    }),
    random: option(flag, 'Do not keep the port.'),
    'random-fully': option(flag, 'Do not keep the port, and choose it wholly at random.'),
    persistent: option(flag, 'Give a client the same address for every destination.'),
  },
  examples: [
    same('-j SNAT --to-source 10.0.0.2'),
    saved('-p tcp -j SNAT --to-source 10.0.0.2-10.0.0.3:http', '-p tcp -j SNAT --to-source 10.0.0.2-10.0.0.3:80'),
    saved(
      '-j SNAT --to 10.0.0.2 --persistent --random-fully --random',
      '-j SNAT --to-source 10.0.0.2 --random --random-fully --persistent',
    ),
    same('-p icmp -j SNAT --to-source 10.0.0.2:5'),
    fails('-j SNAT --to-source 10.0.0.2:5', 'ports need'),
    fails('-p tcp -j SNAT --to-source 10.0.0.2:2000-1000', 'backwards'),
    fails('-j SNAT', 'required'),
  ],
  refuses: (given, context) => refusePorts(given['to-source'].value.ports, context),
  apply(_packet, given, world) {
    return { kind: 'verdict', verdict: world.setUpNat('src', natRange(given['to-source'].value, given)) };
  },
  effect: () => ({ kind: 'end' }),
});
