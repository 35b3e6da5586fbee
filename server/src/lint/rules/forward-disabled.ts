import { spanInDocument } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { ruleLines, wholeRuleSpan } from '../rule-lines';
import { numberOf, sysctlsOf } from '../sysctl-beside';

export const forwardDisabled = defineRule({
  code: 'forward-disabled',
  title: 'Rules for packets that are not forwarded',
  severity: 'information',
  group: 'routing',
  proof: 'text',
  docs: {
    what: paragraphs(
      'Rules of `FORWARD` accept, or DNAT sends to another host, and the sysctl file beside them says',
      '`net.ipv4.ip_forward = 0` (IPv6: `net.ipv6.conf.all.forwarding`).',
    ),
    why: paragraphs(
      'With forwarding off, packets for others are dropped between `PREROUTING` and `FORWARD`: no rule there sees',
      'any.',
    ),
    instead: 'Set it to 1 where the host is a router, or leave the rules out.',
    suppress: 'Where something else turns it on later, as Docker does.',
  },
  kernel: ['net/ipv4/ip_input.c:ip_rcv_finish', 'net/ipv4/route.c:ip_route_input_slow'],
  bad: [
    {
      title: 'A router that does not route',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
#=== ip_forward
COMMIT
`,
      beside: { sysctl: 'net.ipv4.ip_forward = 0\n' },
    },
  ],
  good: [
    {
      title: 'It routes',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.ipv4.ip_forward = 1\n' },
    },
    {
      title: 'It does not, and does not mean to',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.ipv4.ip_forward = 0\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  const name = ruleset.family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  const sysctls = sysctlsOf(context);
  const isOff = [name, 'net.ipv4.conf.all.forwarding'].some((one) => numberOf(sysctls, one) === 0);
  if (!isOff) return [];
  const lines = ruleLines(document);
  const accepting = lines.leadingTo('ACCEPT').find(({ table, chain }) => table === 'filter' && chain === 'FORWARD');
  const first = accepting ?? lines.leadingTo('DNAT').find(({ chain }) => chain === 'PREROUTING');
  if (first === undefined) return [];
  const message = `${name} is 0: packets for others are dropped before FORWARD, and no rule there sees any.`;
  return [{ span: spanInDocument(document, first.number, wholeRuleSpan(first)), message, related: [], fixes: [] }];
}
