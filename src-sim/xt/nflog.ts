import { defineTarget, fails, option, same, saved } from './define';
import { logLine } from './log-line';
import { bad, ok, quoted, uint16, uint32, word } from './value-types';

/** Cut here by `iptables-legacy`. @kernel include/uapi/linux/netfilter/xt_NFLOG.h:xt_nflog_info */
const PREFIX_LIMIT = 63;

const prefix = word<string>(
  `text of at most ${PREFIX_LIMIT} characters`,
  (text) => (text === '' ? bad('an empty prefix') : ok(text.slice(0, PREFIX_LIMIT))),
  quoted,
);

const group = { ...uint16, omitted: (number: number) => number === 0 };

export const NFLOG = defineTarget({
  name: 'NFLOG',
  families: ['ipv4', 'ipv6'],
  summary: 'Sends the packet to a program that logs (ulogd); the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_NFLOG.c:nflog_tg',
  options: {
    'nflog-prefix': option(prefix, `What stands before the line, cut at ${PREFIX_LIMIT} characters.`),
    'nflog-group': option(group, 'Netlink group to which it is sent; 0 by default.'),
    'nflog-range': option(uint32, 'Without effect: use `--nflog-size`.', { excludes: ['nflog-size'] }),
    'nflog-size': option(uint32, 'How many bytes of the packet are copied.', { excludes: ['nflog-range'] }),
    'nflog-threshold': option(uint16, 'How many packets the kernel collects before it sends them.'),
  },
  examples: [
    saved('-j NFLOG --nflog-group 0', '-j NFLOG'),
    saved(
      '-j NFLOG --nflog-threshold 5 --nflog-size 10 --nflog-prefix "foo bar"',
      '-j NFLOG --nflog-prefix "foo bar" --nflog-size 10 --nflog-threshold 5',
    ),
    same('-j NFLOG --nflog-prefix x --nflog-group 5'),
    fails('-j NFLOG --nflog-group 65536', 'out of range'),
    fails('-j NFLOG --nflog-prefix ""', 'empty'),
    fails('-j NFLOG --nflog-range 10 --nflog-size 5', 'excludes'),
  ],
  apply(packet, given, world) {
    world.log(
      logLine(packet, world, {
        prefix: given['nflog-prefix']?.value ?? '',
        withSequence: false,
        withOptions: false,
        withMacs: false,
      }),
    );
    return { kind: 'continue' };
  },
  effect: () => ({ kind: 'continue' }),
});
