import { destinationPort, type Packet, sourcePort } from '../net/packet';
import { fails, given as gives, option, same, saved } from '../xt/define';
import { wholeIpv6 } from '../xt/log-line';
import { bad, flag, hexByte, ok, parseNumberIn, word } from '../xt/value-types';
import { defineBridgeWatcher } from './define';
import type { BridgeWorld } from './world';

const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'];
const NOTICE = 5;

const level = word<number>(
  'log level',
  (text) => {
    const named = LEVELS.indexOf(text.toLowerCase());
    return named === -1 ? parseNumberIn(text, 0, 7) : ok(named);
  },
  (number) => LEVELS[number] ?? String(number),
  LEVELS.map((text, number) => ({ text, summary: `level ${number}` })),
);

const PREFIX_LIMIT = 29;

/** In double quotes always, which stand in no prefix. @see extensions/libebt_log.c: brlog_print */
export function logPrefix(limit: number) {
  return word<string>(
    `text of at most ${limit} characters`,
    (text) => {
      if (text.includes('"')) return bad('a prefix holds no double quotes');
      return text.length > limit ? bad(`the prefix is too long: at most ${limit} characters`) : ok(text);
    },
    (text) => `"${text}"`,
  );
}

export const log = defineBridgeWatcher({
  name: 'log',
  summary: 'Writes the frame to the kernel log. It is no target: the rule has another one beside it.',
  kernel: 'net/bridge/netfilter/ebt_log.c:ebt_log_packet',
  options: {
    log: option(flag, 'Log with level `notice` and no prefix.'),
    'log-level': option(level, 'The level, by name or number; `notice` by default.'),
    'log-prefix': option(logPrefix(PREFIX_LIMIT), 'What stands before the line.'),
    'log-ip': option(flag, 'Log the IPv4 header, too.'),
    'log-arp': option(flag, 'Log the ARP message, too.'),
    'log-ip6': option(flag, 'Log the IPv6 header, too.'),
  },
  canonical(given) {
    const { log: _, 'log-level': found, ...rest } = given;
    return { 'log-level': found ?? gives(NOTICE), ...rest };
  },
  examples: [
    saved('--log -j DROP', '--log-level notice -j DROP'),
    saved('--log-level 3 --log-prefix foo -j DROP', '--log-level error --log-prefix "foo" -j DROP'),
    same('--log-level debug --log-prefix "hello world" --log-ip --log-arp --log-ip6 -j CONTINUE'),
    fails('--log-level 9 -j DROP', 'out of range'),
    fails('--log-prefix aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -j DROP', 'too long'),
  ],
  watch(packet, given, world) {
    const isTold = packet.family === 'ipv4' ? given['log-ip'] : given['log-ip6'];
    const header = isTold === undefined ? '' : ipWords(packet);
    world.log(`${given['log-prefix']?.value ?? ''} ${frameWords(packet, world)}${header}`);
  },
});

function frameWords({ family }: Packet, { inPort = '', outPort = '', macSource, macDestination }: BridgeWorld): string {
  const protocol = family === 'ipv4' ? '0x0800' : '0x86dd';
  return `IN=${inPort} OUT=${outPort} MAC source = ${macSource} MAC dest = ${macDestination} proto = ${protocol}`;
}

/** @kernel net/bridge/netfilter/ebt_log.c:print_ports */
function ipWords(packet: Packet): string {
  const { src, dst, tos, protocol, family } = packet;
  const [from, to] = [sourcePort(packet), destinationPort(packet)];
  const ports = from === undefined || to === undefined ? '' : ` SPT=${from} DPT=${to}`;
  if (family === 'ipv4')
    return ` IP SRC=${src} IP DST=${dst}, IP tos=${hexByte(tos).replace('0x', '0x').toUpperCase().replace('X', 'x')}, IP proto=${protocol}${ports}`;
  return ` IPv6 SRC=${wholeIpv6(src)} IPv6 DST=${wholeIpv6(dst)}, IPv6 priority=0x${(tos >> 4).toString(16).toUpperCase()}, Next Header=${protocol}${ports}`;
}
