import { fails, mismatch, option, same, saved } from '../xt/define';
import { numberSpan, ok, parseNumberIn, word } from '../xt/value-types';
import { defineBridgeMatch } from './define';
import { macMask } from './mac-type';

const TYPES: readonly (readonly [name: string, number: number])[] = [
  ['config', 0],
  ['tcn', 0x80],
];
const FLAGS: readonly (readonly [name: string, number: number])[] = [
  ['topology-change', 1],
  ['topology-change-ack', 0x80],
];

const span16 = numberSpan('number[:number]', 0xffff);
const span32 = numberSpan('number[:number]', 0xffff_ffff);

/** A byte, or one of the names that it has. */
function namedByte(what: string, names: readonly (readonly [name: string, number: number])[]) {
  return word<number>(
    what,
    (text) => {
      const named = names.find(([name]) => name === text.toLowerCase());
      return named ? ok(named[1]) : parseNumberIn(text, 0, 255);
    },
    (number) => names.find(([, known]) => known === number)?.[0] ?? String(number),
    names.map(([text, number]) => ({ text, summary: `${what} ${number}` })),
  );
}

export const stp = defineBridgeMatch({
  name: 'stp',
  summary: 'A message of the spanning tree protocol (BPDU), by which bridges find loops.',
  details: 'It belongs behind `-d BGA`. Packets of a scenario are IP: no frame of it is taken by this match.',
  kernel: 'net/bridge/netfilter/ebt_stp.c:ebt_stp_mt',
  options: {
    'stp-type': option(namedByte('type', TYPES), 'The type: `config`, `tcn`.', { invert: true }),
    'stp-flags': option(namedByte('flags', FLAGS), 'The flags.', { invert: true }),
    'stp-root-prio': option(span16, 'Priority of the root bridge.', { invert: true }),
    'stp-root-addr': option(macMask, 'Address of the root bridge.', { invert: true }),
    'stp-root-cost': option(span32, 'Cost of the way to the root bridge.', { invert: true }),
    'stp-sender-prio': option(span16, 'Priority of the bridge that sends it.', { invert: true }),
    'stp-sender-addr': option(macMask, 'Address of the bridge that sends it.', { invert: true }),
    'stp-port': option(span16, 'Its port.', { invert: true }),
    'stp-msg-age': option(span16, 'Age of the message.', { invert: true }),
    'stp-max-age': option(span16, 'How old a message may get.', { invert: true }),
    'stp-hello-time': option(span16, 'Time between two messages.', { invert: true }),
    'stp-forward-delay': option(span16, 'How long a port listens and learns.', { invert: true }),
  },
  examples: [
    saved('-d 01:80:c2:00:00:00 --stp-type 0 -j DROP', '-d BGA --stp-type config -j DROP'),
    saved('-d BGA --stp-root-cost 1: -j DROP', '-d BGA --stp-root-cost 1:4294967295 -j DROP'),
    same('-d BGA --stp-type tcn --stp-flags topology-change -j DROP'),
    fails('-d BGA --stp-type 256 -j DROP', 'out of range'),
  ],
  matches: ({ family }) => mismatch('stp-type', `the frame carries ${family}`),
});
