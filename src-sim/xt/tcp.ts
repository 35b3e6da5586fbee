import { type Packet, TCP_FLAG, type TcpSegment, tcpOptionLength, transportLength } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Given, MatchUse } from '../netfilter/ruleset';
import { compare, defineMatch, fails, given as gives, leaves, type MatchAnswer, option, saved, takes } from './define';
import { orderedPortSpan } from './port-types';
import { destinationPortMatches, portCondition, sourcePortMatches } from './ports';
import type { Region, RegionCondition } from './region';
import { SYN_FLAGS, type TcpFlagTest, tcpFlagNames, tcpFlagTest } from './tcp-flags-type';
import { flag, unsigned } from './value-types';

export const tcp = defineMatch({
  name: 'tcp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.tcp],
  protocols: [PROTOCOL.tcp],
  summary: 'Ports, flags and options of a TCP segment.',
  details: [
    '`-p tcp` makes these options known without `-m tcp`. A segment without its header (a later fragment) never',
    'matches; a fragment that would overwrite the flags (offset 1) is dropped at once.',
    '',
    '`--syn` is not `--ctstate NEW`: conntrack also takes a bare ACK for the start of a connection it has not',
    'seen.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_tcpudp.c:tcp_mt',
  options: {
    sport: option(orderedPortSpan, 'Source port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['source-port'],
    }),
    dport: option(orderedPortSpan, 'Destination port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['destination-port'],
    }),
    'tcp-option': option(unsigned('TCP option number', 1, 255), 'The segment carries this TCP option.', {
      invert: true,
    }),
    'tcp-flags': option(
      tcpFlagTest,
      'Of the flags in the first list, exactly those in the second are set. `ALL` and `NONE` are lists too.',
      { invert: true, excludes: ['syn'] },
    ),
    syn: option(flag, 'A connection is being opened: SYN without ACK, RST, FIN.', {
      invert: true,
      excludes: ['tcp-flags'],
    }),
  },
  examples: [
    fails('-p tcp -m tcp --dport comsat', 'no service of tcp'),
    saved('-p tcp --dport ssh', '-p tcp -m tcp --dport 22'),
    saved('-p tcp -m tcp --dport :80', '-p tcp -m tcp --dport 0:80'),
    saved('-p tcp -m tcp --dport 0x16', '-p tcp -m tcp --dport 22'),
    saved('-p tcp -m tcp --dport 022', '-p tcp -m tcp --dport 18'),
    saved('-p tcp -m tcp ! --dport 0:65535', '-p tcp -m tcp'),
    saved('-p tcp -m tcp ! --syn', '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'),
    saved('-p tcp -m tcp --tcp-flags ALL NONE', '-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE'),
    saved(
      '-p tcp -m tcp --syn --tcp-option 8 --dport 3 --sport 3',
      '-p tcp -m tcp --sport 3 --dport 3 --tcp-option 8 --tcp-flags FIN,SYN,RST,ACK SYN',
    ),
    fails('-p tcp -m tcp --dport 80:22', 'backwards'),
    fails('-p tcp -m tcp --dport 65536', 'not a port'),
    fails('-p tcp -m tcp --dport 22,80', 'not a port'),
    fails('-p tcp -m tcp --tcp-flags ECE ECE', 'not a TCP flag'),
    fails('-p tcp -m tcp --tcp-option 0', 'out of range'),
    fails('-p tcp -m tcp --syn --tcp-flags SYN SYN', 'excludes'),
    fails('-m tcp --dport 22', 'needs -p tcp'),
    fails('! -p tcp -m tcp --dport 22', 'needs -p tcp'),
    takes('-p tcp -m tcp --dport 22', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-p tcp -m tcp ! --dport 20:23', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-p tcp -m tcp --syn', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-p tcp -m tcp --syn', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 SEC'),
    leaves('-p tcp -m tcp --syn', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 SA'),
    takes('-p tcp -m tcp --tcp-flags ALL NONE', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 none'),
    takes('-p tcp -m tcp --tcp-option 2', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S mss=1460'),
    leaves('-p tcp -m tcp --tcp-option 3', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S mss=1460'),
  ],
  canonical({ syn, ...rest }) {
    return syn ? { ...rest, 'tcp-flags': gives(SYN_FLAGS, syn.inverted) } : rest;
  },
  matches(packet, given) {
    if (packet.fragment && packet.fragment.offset > 0) return fragmentAnswer(packet.fragment.offset);
    if (packet.transport.kind !== 'tcp' || transportLength(packet) < TCP_HEADER_BYTES) {
      return { kind: 'hotdrop', reason: 'the packet has no whole TCP header' };
    }
    const { flags } = packet.transport;
    const answers = [
      sourcePortMatches(packet, given.sport),
      destinationPortMatches(packet, given.dport),
      compareFlags('tcp-flags', given['tcp-flags'], flags),
      compareFlags('syn', given.syn && gives(SYN_FLAGS, given.syn.inverted), flags),
      compareOption(given['tcp-option'], packet),
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
  region(given): readonly Region[] {
    const flags = given.syn ? gives(SYN_FLAGS, given.syn.inverted) : given['tcp-flags'];
    const conditions: RegionCondition[] = [
      ...portCondition('sport', given.sport),
      ...portCondition('dport', given.dport),
      ...(flags ? [{ kind: 'bits', field: 'tcpFlags', ...flags.value, inverted: flags.inverted } as const] : []),
    ];
    return [{ conditions, exact: !given['tcp-option'] }];
  },
});

/** Whether a match is sure to see SYN set. @kernel net/netfilter/xt_TCPMSS.c:find_syn_match */
export function testsSyn({ name, options }: MatchUse): boolean {
  if (name !== tcp.name) return false;
  const conditions = tcp.region?.(options).flatMap((region) => region.conditions) ?? [];
  return conditions.some((one) => one.kind === 'bits' && !one.inverted && (one.value & TCP_FLAG.S) !== 0);
}

const TCP_HEADER_BYTES = 20;

/** A fragment at offset 1 could overwrite the flags that were checked (RFC 1858 §4). */
function fragmentAnswer(offset: number): MatchAnswer {
  if (offset === 1) return { kind: 'hotdrop', reason: 'a fragment at offset 1 would overwrite the TCP flags' };
  return { kind: 'mismatch', option: '', saw: 'a later fragment has no TCP header' };
}

function compareFlags(name: string, given: Given<TcpFlagTest> | undefined, flags: number): MatchAnswer {
  if (given === undefined) return true;
  const held = (flags & given.value.mask) === given.value.value;
  return compare(name, given, held, () => `the flags are ${tcpFlagNames(flags)}`);
}

function compareOption(given: Given<number> | undefined, packet: Packet): MatchAnswer {
  if (given === undefined || packet.transport.kind !== 'tcp') return true;
  const kinds = optionKinds(packet, packet.transport);
  const saw = () => (kinds.length === 0 ? 'the segment has no options' : `the segment has options ${kinds.join(', ')}`);
  return compare('tcp-option', given, kinds.includes(given.value), saw);
}

const NO_OPERATION = 1;

/** Kinds of RFC 9293 §3.2, RFC 2018, RFC 7323. Where TCPOPTSTRIP took options out, no-operations stand instead. */
function optionKinds(packet: Packet, { options, dataLength }: TcpSegment): readonly number[] {
  const { mss, windowScale, sackPermitted, sack } = options;
  const kinds = [
    ...(mss === undefined ? [] : [2]),
    ...(windowScale === undefined ? [] : [3]),
    ...(sackPermitted ? [4] : []),
    ...(sack ? [5] : []),
  ];
  const bytes = transportLength(packet) - TCP_HEADER_BYTES - dataLength;
  const isFilled = bytes > tcpOptionLength(options) || kinds.some((kind) => kind !== 2);
  return isFilled ? [NO_OPERATION, ...kinds] : kinds;
}
