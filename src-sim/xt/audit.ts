import { defineTarget, fails, option, same } from './define';
import { keyword } from './value-types';

const TYPES = [
  { text: 'accept', summary: 'the packet will be accepted' },
  { text: 'drop', summary: 'the packet will be dropped' },
  { text: 'reject', summary: 'the packet will be rejected' },
] as const;

export const AUDIT = defineTarget({
  name: 'AUDIT',
  families: ['ipv4', 'ipv6'],
  summary: 'Writes a record to the audit log; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_AUDIT.c:audit_tg',
  options: {
    type: option(keyword('kind of record', TYPES), 'What the record says becomes of the packet.', { required: true }),
  },
  examples: [same('-j AUDIT --type accept'), fails('-j AUDIT', 'required'), fails('-j AUDIT --type wrong', 'none of')],
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});
