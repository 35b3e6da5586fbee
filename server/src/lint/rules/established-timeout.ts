import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { numberOf, sysctlsOf } from '../sysctl-beside';
import { trackingSpan } from '../tracking-place';

export const establishedTimeout = defineRule({
  code: 'established-timeout',
  title: 'Connections that are kept for five days',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The sysctl file beside the rules sets `nf_conntrack_max`, and leaves `nf_conntrack_tcp_timeout_established`',
      'at five days.',
    ),
    why: paragraphs(
      'A client that vanishes without a FIN leaves its entry for 432000 seconds. On a busy host these fill the',
      'table long before the maximum seems due.',
    ),
    instead: paragraphs(
      'Set `net.netfilter.nf_conntrack_tcp_timeout_established` to some hours, and let the applications send',
      'keep-alives.',
    ),
    suppress: 'Where connections rest for days.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_timeouts'],
  bad: [
    {
      title: 'Room for many, for ever',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#=== 432000
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_max = 131072\n' },
    },
  ],
  good: [
    {
      title: 'Two hours',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      beside: {
        sysctl: 'net.netfilter.nf_conntrack_max = 131072\nnet.netfilter.nf_conntrack_tcp_timeout_established = 7200\n',
      },
    },
    {
      title: 'Nobody says',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const FIVE_DAYS = 432_000;

function check(context: LintContext): readonly Report[] {
  const sysctls = sysctlsOf(context);
  const isTuned = numberOf(sysctls, 'net.netfilter.nf_conntrack_max') !== undefined;
  const said = numberOf(sysctls, 'net.netfilter.nf_conntrack_tcp_timeout_established');
  const timeout = said ?? FIVE_DAYS;
  const span = (isTuned || said !== undefined) && timeout >= FIVE_DAYS ? trackingSpan(context.document) : undefined;
  if (span === undefined) return [];
  const message = `a connection that was cut is kept for ${timeout} seconds: set nf_conntrack_tcp_timeout_established.`;
  return [{ span, message, related: [], fixes: [] }];
}
