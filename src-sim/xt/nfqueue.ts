import { defineTarget, fails, given as gives, option, same, saved, type ValueType } from './define';
import { bad, flag, type NumberSpan, numberSpan, uint16 } from './value-types';

const span = numberSpan('first:last', 65_535);

const queueSpan: ValueType<NumberSpan> = {
  ...span,
  parse(words, family) {
    const read = span.parse(words, family);
    return read.ok && read.value.min >= read.value.max ? bad('the first queue comes before the last') : read;
  },
};

export const NFQUEUE = defineTarget({
  name: 'NFQUEUE',
  families: ['ipv4', 'ipv6'],
  summary:
    'Hands the packet to a program in userspace (an intrusion prevention system), which decides what becomes of it.',
  details: [
    'Where no program listens to the queue the packet is dropped, unless `--queue-bypass` is given: then it is',
    'accepted. What the program accepts goes on **behind** this table.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_NFQUEUE.c:nfqueue_tg_v3',
  options: {
    'queue-num': option(uint16, 'Number of the queue; 0 by default.', { excludes: ['queue-balance'] }),
    'queue-balance': option(queueSpan, 'Spread connections over these queues.', { excludes: ['queue-num'] }),
    'queue-bypass': option(flag, 'Accept the packet where no program listens.'),
    'queue-cpu-fanout': option(flag, "Choose the queue by the CPU's number.", { requires: ['queue-balance'] }),
  },
  examples: [
    saved('-j NFQUEUE', '-j NFQUEUE --queue-num 0'),
    same('-j NFQUEUE --queue-balance 0:5 --queue-bypass --queue-cpu-fanout'),
    fails('-j NFQUEUE --queue-num 65536', 'out of range'),
    fails('-j NFQUEUE --queue-balance 5:0', 'before the last'),
    fails('-j NFQUEUE --queue-num 5 --queue-cpu-fanout', 'needs'),
    fails('-j NFQUEUE --queue-num 1 --queue-balance 0:1', 'excludes'),
  ],
  canonical(given) {
    return given['queue-balance'] ? given : { ...given, 'queue-num': given['queue-num'] ?? gives(0) };
  },
  apply: (_packet, given) =>
    given['queue-bypass']
      ? { kind: 'verdict', verdict: 'ACCEPT', reason: 'no program listens here: it is accepted (--queue-bypass)' }
      : { kind: 'verdict', verdict: 'DROP', reason: 'no program listens here to the queue' },
  effect: () => ({ kind: 'end' }),
});
