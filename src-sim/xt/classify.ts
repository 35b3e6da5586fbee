import { defineTarget, fails, option, saved } from './define';
import { bad, ok, word } from './value-types';

type TrafficClass = { readonly major: number; readonly minor: number };

/** Always hexadecimal, whatever it looks like. @see extensions/libxt_CLASSIFY.c */
const trafficClass = word<TrafficClass>(
  'class, MAJOR:MINOR in hexadecimal',
  (text) => {
    const [, major, minor] = /^(?:0x)?([0-9a-f]{1,4}):(?:0x)?([0-9a-f]{1,4})$/i.exec(text) ?? [];
    if (major === undefined || minor === undefined) return bad(`"${text}" is not a class`);
    return ok({ major: Number.parseInt(major, 16), minor: Number.parseInt(minor, 16) });
  },
  ({ major, minor }) => [major, minor].map((number) => number.toString(16).padStart(4, '0')).join(':'),
);

export const CLASSIFY = defineTarget({
  name: 'CLASSIFY',
  families: ['ipv4', 'ipv6'],
  summary: 'Sets the traffic class by which `tc` queues the packet; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_CLASSIFY.c:classify_tg',
  hooks: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
  options: {
    'set-class': option(trafficClass, 'The class; its numbers are hexadecimal.', { required: true }),
  },
  examples: [
    saved('-j CLASSIFY --set-class 1:2', '-j CLASSIFY --set-class 0001:0002'),
    saved('-j CLASSIFY --set-class ffff:0a', '-j CLASSIFY --set-class ffff:000a'),
    fails('-j CLASSIFY --set-class 1', 'not a class'),
    fails('-j CLASSIFY', 'required'),
  ],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
