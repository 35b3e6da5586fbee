import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { numberOf, sysctlsOf } from '../sysctl-beside';
import { trackingSpan } from '../tracking-place';

export const conntrackSizing = defineRule({
  code: 'conntrack-sizing',
  title: 'More connections than buckets',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The sysctl file beside the rules sets `nf_conntrack_max` to more than four times the buckets of the hash',
      'table.',
    ),
    why: paragraphs(
      'Each connection stands in the table twice. With few buckets for many connections their chains grow long; the',
      'kernel refuses a connection whose chain is too long (`chaintoolong` in `conntrack -S`), and looks through it',
      'for every packet. Since 5.15 there are as many buckets as connections by default, 262144 on a host with',
      'memory enough.',
    ),
    instead: paragraphs(
      'Set `net.netfilter.nf_conntrack_buckets` to half of the maximum at least (`hashsize` of the module where it',
      'must be there at boot).',
    ),
    suppress: 'Where the buckets are set elsewhere.',
  },
  kernel: [
    'net/netfilter/nf_conntrack_core.c:nf_conntrack_init_start',
    'net/netfilter/nf_conntrack_core.c:__nf_conntrack_confirm',
  ],
  bad: [
    {
      title: 'Three million in 65536 buckets',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#=== buckets
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_max = 3000000\nnet.netfilter.nf_conntrack_buckets = 65536\n' },
    },
  ],
  good: [
    {
      title: 'Both',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_max = 2000000\nnet.netfilter.nf_conntrack_buckets = 1000000\n' },
    },
    {
      title: 'The defaults',
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

/** On a host with more than four gigabytes. @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_init_start */
const USUAL_BUCKETS = 262_144;
const MOST_PER_BUCKET = 4;

function check(context: LintContext): readonly Report[] {
  const sysctls = sysctlsOf(context);
  const most = numberOf(sysctls, 'net.netfilter.nf_conntrack_max') ?? numberOf(sysctls, 'net.nf_conntrack_max');
  const buckets = numberOf(sysctls, 'net.netfilter.nf_conntrack_buckets') ?? USUAL_BUCKETS;
  const span = most !== undefined && most > MOST_PER_BUCKET * buckets ? trackingSpan(context.document) : undefined;
  if (span === undefined) return [];
  const message = `nf_conntrack_max is ${most} for ${buckets} buckets: their chains grow long, and connections are refused. Set nf_conntrack_buckets to half of it at least.`;
  return [{ span, message, related: [], fixes: [] }];
}
