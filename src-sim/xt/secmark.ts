import { defineTarget, fails, option } from './define';
import { limitedName } from './value-types';

export const SECMARK = defineTarget({
  name: 'SECMARK',
  families: ['ipv4', 'ipv6'],
  summary: 'Gives the packet an SELinux mark; the walk goes on with the next rule.',
  details: 'The kernel refuses it where SELinux does not run.',
  kernel: 'net/netfilter/xt_SECMARK.c:secmark_tg',
  tables: ['mangle', 'security'],
  options: { selctx: option(limitedName('SELinux context', 255), 'The security context.', { required: true }) },
  examples: [fails('-j SECMARK', 'required')],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
