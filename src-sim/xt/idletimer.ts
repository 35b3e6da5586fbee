import { defineTarget, fails, option, same } from './define';
import { flag, limitedName, unsigned } from './value-types';

export const IDLETIMER = defineTarget({
  name: 'IDLETIMER',
  families: ['ipv4', 'ipv6'],
  summary: 'Tells userspace when no packet came by for some time; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_IDLETIMER.c:idletimer_tg_target',
  options: {
    timeout: option(unsigned('seconds', 1, 4_294_967), 'After how long without a packet.', { required: true }),
    label: option(limitedName('name', 27), 'Name of the timer, below `/sys/class/xt_idletimer/timers`.', {
      required: true,
    }),
    alarm: option(flag, 'A timer that wakes the machine.'),
  },
  examples: [
    same('-j IDLETIMER --timeout 42 --label foo'),
    same('-j IDLETIMER --timeout 42 --label bar --alarm'),
    fails('-j IDLETIMER --timeout 42', 'required'),
    fails('-j IDLETIMER --timeout', 'a value'),
  ],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
