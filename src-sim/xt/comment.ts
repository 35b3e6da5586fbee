import { defineMatch, fails, option, same, saved, takes } from './define';
import { cutText } from './value-types';

export const comment = defineMatch({
  name: 'comment',
  families: ['ipv4', 'ipv6'],
  summary: 'A note that stays with the rule in the kernel. It matches every packet.',
  kernel: 'net/netfilter/xt_comment.c:comment_mt',
  options: {
    comment: option(
      cutText('text', 255),
      'The note, cut behind 255 bytes; with blanks in it, it needs double quotes.',
      {
        required: true,
      },
    ),
  },
  examples: [
    same('-m comment --comment foo_bar-1'),
    same('-m comment --comment "foo bar"'),
    saved('-m comment --comment a.b', '-m comment --comment "a.b"'),
    same('-m comment --comment "say \\"hi\\", it\\\'s a \\\\"'),
    fails('-m comment', 'required'),
    takes('-m comment --comment x', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches: () => true,
  region: () => [{ conditions: [], exact: true }],
});
