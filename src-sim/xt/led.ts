import { defineTarget, fails, option } from './define';
import { flag, limitedText, uint32 } from './value-types';

export const LED = defineTarget({
  name: 'LED',
  families: ['ipv4', 'ipv6'],
  summary: 'Lights a LED; the walk goes on with the next rule.',
  details: 'Few kernels are built with it.',
  kernel: 'net/netfilter/xt_LED.c:led_tg',
  options: {
    'led-trigger-id': option(limitedText('name', 15), 'Name of the trigger; `netfilter-` stands before it.', {
      required: true,
    }),
    'led-delay': option(uint32, 'For how many milliseconds it is lit.'),
    'led-always-blink': option(flag, 'Blinks, though the LED is lit already.'),
  },
  examples: [fails('-j LED', 'required')],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
