import { defineTarget, fails, option, saved } from './define';
import { bad, odd, ok, word } from './value-types';

type TrafficClass = { readonly major: number; readonly minor: number };

/**
 * Always hexadecimal, whatever it looks like; sscanf(3) reads as far as it can, and 16 bits are kept.
 * @see extensions/libxt_CLASSIFY.c: CLASSIFY_string_to_priority
 */
const trafficClass = word<TrafficClass>(
  'class, MAJOR:MINOR in hexadecimal',
  (text) => {
    const [all = '', major, minor] = /^([+-]?(?:0x)?[0-9a-f]{1,8}):([+-]?(?:0x)?[0-9a-f]{1,8})/i.exec(text) ?? [];
    if (major === undefined || minor === undefined) return bad(`"${text}" is not a class`);
    const value = { major: Number.parseInt(major, 16) & 0xffff, minor: Number.parseInt(minor, 16) & 0xffff };
    const isPlain = all === text && [major, minor].every((part) => /^(?:0x)?0*[0-9a-f]{1,4}$/i.test(part));
    return isPlain ? ok(value) : odd(value, `iptables reads "${text}" as the class ${classText(value)}`);
  },
  classText,
);

function classText({ major, minor }: TrafficClass): string {
  return [major, minor].map((number) => number.toString(16).padStart(4, '0')).join(':');
}

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
    saved('-j CLASSIFY --set-class fff1f:0av', '-j CLASSIFY --set-class ff1f:000a'),
    fails('-j CLASSIFY --set-class 1', 'not a class'),
    fails('-j CLASSIFY', 'required'),
  ],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
