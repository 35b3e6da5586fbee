/** The buttons that send packets: each a name and the moves it plays, one after the other, as answers come in. */
import type { Move } from './moves';

export interface Preset {
  readonly id: string;
  readonly label: string;
  /** What it does, for the tooltip and for a screen reader. */
  readonly title: string;
  /** `continue`: goes on with the selected packet's flow. */
  readonly kind: 'begin' | 'continue';
  readonly moves: readonly Move[];
}

const client = (flags: string): Move => ({ kind: 'send', side: 'client', flags });
const server = (flags: string): Move => ({ kind: 'send', side: 'server', flags });

export const PRESETS: readonly Preset[] = [
  {
    id: 'handshake',
    label: 'handshake',
    title: 'A TCP handshake: SYN, SYN ACK, ACK',
    kind: 'begin',
    moves: [{ kind: 'begin', protocol: 'tcp', flags: 'S' }, server('SA'), client('A')],
  },
  {
    id: 'udp',
    label: 'udp',
    title: 'A UDP request and its reply',
    kind: 'begin',
    moves: [
      { kind: 'begin', protocol: 'udp' },
      { kind: 'send', side: 'server' },
    ],
  },
  {
    id: 'ping',
    label: 'ping',
    title: 'An echo request and its reply',
    kind: 'begin',
    moves: [
      { kind: 'begin', protocol: 'ping' },
      { kind: 'send', side: 'server' },
    ],
  },
  {
    id: 'stray-ack',
    label: 'stray ACK',
    title: 'A packet out of nowhere: an ACK of a connection that was never opened',
    kind: 'begin',
    moves: [{ kind: 'begin', protocol: 'tcp', flags: 'A' }],
  },
  {
    id: 'stray-syn-ack',
    label: 'stray SYN ACK',
    title: 'A packet out of nowhere: a SYN ACK that nobody asked for',
    kind: 'begin',
    moves: [{ kind: 'begin', protocol: 'tcp', flags: 'SA' }],
  },
  {
    id: 'reply',
    label: 'reply',
    title: 'The other side answers the selected packet',
    kind: 'continue',
    moves: [{ kind: 'send', side: 'other' }],
  },
  {
    id: 'close',
    label: 'close',
    title: 'Both sides close the selected connection: FIN ACK, FIN ACK, ACK',
    kind: 'continue',
    moves: [client('FA'), server('FA'), client('A')],
  },
  {
    id: 'icmp-error',
    label: 'icmp error',
    title: 'The far end answers the selected packet with ICMP host unreachable',
    kind: 'continue',
    moves: [{ kind: 'error' }],
  },
  {
    id: 'wait',
    label: '+31 s',
    title: 'The selected packet once more, 31 seconds later',
    kind: 'continue',
    moves: [{ kind: 'again', waitSeconds: 31 }],
  },
];
