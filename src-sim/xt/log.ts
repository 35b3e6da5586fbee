import { defineTarget, fails, option, same, saved } from './define';
import { logLine } from './log-line';
import { bad, flag, ok, parseNumberIn, quoted, word } from './value-types';

const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'] as const;
const WARNING = 4;

const level = word<number>(
  'log level',
  (text) => {
    const name = text === 'panic' ? 'emerg' : text;
    const named = LEVELS.findIndex((known) => known === name);
    const number = parseNumberIn(text, 0, 7);
    if (number.ok) return number;
    return named === -1 ? bad(`"${text}" is none of 0 to 7, ${LEVELS.join(', ')}`) : ok(named);
  },
  String,
  LEVELS.map((text, number) => ({ text, summary: `level ${number}` })),
);

/** Longer ones are cut without a word. @kernel include/uapi/linux/netfilter/xt_LOG.h:xt_log_info */
const PREFIX_LIMIT = 29;

const prefixType = word<string>(
  `text of at most ${PREFIX_LIMIT} characters`,
  (text) => (text === '' ? bad('an empty prefix') : ok(text.slice(0, PREFIX_LIMIT))),
  quoted,
);

export const LOG = defineTarget({
  name: 'LOG',
  families: ['ipv4', 'ipv6'],
  summary: 'Writes the packet to the kernel log; the walk goes on with the next rule.',
  details: [
    'It decides nothing: the DROP has to follow. Without `-m limit` a stranger can fill the log. In a network',
    'namespace it writes nothing unless `net.netfilter.nf_log_all_netns` is 1.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_LOG.c:log_tg',
  options: {
    'log-prefix': option(
      prefixType,
      `What stands before the line, cut at ${PREFIX_LIMIT} characters; end it with a blank.`,
    ),
    'log-level': option(level, 'Level of the line, 0 to 7 or its name; 4 (`warning`) by default.'),
    'log-tcp-sequence': option(flag, 'Log TCP sequence numbers: a secret where users read the log.'),
    'log-tcp-options': option(flag, 'Log the options of the TCP header.'),
    'log-ip-options': option(flag, 'Log the options of the IP header.'),
    'log-uid': option(flag, 'Log the user whose process made the packet.'),
    'log-macdecode': option(flag, 'Log the MAC addresses one by one.'),
  },
  examples: [
    same('-j LOG'),
    saved('-j LOG --log-level warning', '-j LOG'),
    saved('-j LOG --log-level error --log-prefix foo', '-j LOG --log-prefix foo --log-level 3'),
    same('-j LOG --log-prefix "foo: "'),
    saved('-j LOG --log-prefix "123456789012345678901234567890"', '-j LOG --log-prefix 12345678901234567890123456789'),
    same('-j LOG --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode'),
    fails('-j LOG --log-level warn', 'none of'),
    fails('-j LOG --log-level 8', 'none of'),
    fails('-j LOG --log-prefix ""', 'empty'),
  ],
  canonical(given) {
    const { 'log-level': found, ...rest } = given;
    return found === undefined || found.value === WARNING ? rest : given;
  },
  apply(packet, given, world) {
    const withSequence = given['log-tcp-sequence'] !== undefined;
    const withMacs = given['log-macdecode'] !== undefined;
    const withOptions = given['log-tcp-options'] !== undefined;
    const prefix = given['log-prefix']?.value ?? '';
    world.log(logLine(packet, world, { prefix, withSequence, withOptions, withMacs }));
    return { kind: 'continue' };
  },
  effect: () => ({ kind: 'continue' }),
});
