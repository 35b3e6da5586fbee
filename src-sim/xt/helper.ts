import { compare, defineMatch, fails, leaves, option, same, takes } from './define';
import { asked } from './region';
import { limitedText } from './value-types';

export const helper = defineMatch({
  name: 'helper',
  families: ['ipv4', 'ipv6'],
  summary: 'The connection was announced in another one that this helper reads along: the data connection of FTP.',
  details: [
    'It looks at the helper of the **other** connection, the one that announced this one. An empty name means any',
    'helper. A packet without an entry matches `! --helper`.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_helper.c:helper_mt',
  needsConntrack: true,
  options: {
    helper: option(
      limitedText('name of a helper', 29),
      'Name of the helper, for another port than its own with `-PORT`.',
      {
        invert: true,
        required: true,
      },
    ),
  },
  examples: [
    same('-m helper ! --helper ftp-2121'),
    same('-m helper --helper ""'),
    fails('-m helper', 'required'),
    leaves('-m helper --helper ftp', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-m helper ! --helper ftp', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(_packet, given, world) {
    const entry = world.conntrack?.kind === 'tracked' ? world.conntrack.entry : undefined;
    const announcing = entry?.master?.helper;
    const wanted = given.helper.value;
    // The kernel compares as many characters as its own name has.
    const held = announcing !== undefined && (wanted === '' || wanted.startsWith(announcing));
    return compare('helper', given.helper, held, () => `the connection was announced to ${announcing ?? 'no helper'}`);
  },
  region: (given) => asked('helper', given),
});
