import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { sysctlsOf } from '../sysctl-beside';
import { headSpan, trackingSpan } from '../tracking-place';

export const conntrackSysctlLegacy = defineRule({
  code: 'conntrack-sysctl-legacy',
  title: 'Settings that are gone',
  severity: 'information',
  group: 'deprecated',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The sysctl file beside the rules sets `net.ipv4.netfilter.ip_conntrack_…` or `net.ipv4.ip_conntrack_max`.',
    ),
    why: paragraphs(
      'These names went with the old conntrack of IPv4 (4.7 took the last of them): sysctl reports an unknown key,',
      'and nothing is set.',
    ),
    instead: 'Write `net.netfilter.nf_conntrack_…`.',
    suppress: 'Where the file is for an old kernel too.',
  },
  kernel: ['net/netfilter/nf_conntrack_standalone.c:nf_ct_sysctl_table'],
  bad: [
    {
      title: 'A tuning of 2010',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#=== nf_conntrack_max
COMMIT
`,
      beside: { sysctl: 'net.ipv4.netfilter.ip_conntrack_max = 131072\n' },
    },
  ],
  good: [
    {
      title: 'The names of today',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_max = 131072\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const name = [...sysctlsOf(context).keys()].find((one) => /^net\.ipv4\.(?:netfilter\.)?ip_conntrack_/.test(one));
  const span = name === undefined ? undefined : (trackingSpan(context.document) ?? headSpan(context.document));
  if (name === undefined || span === undefined) return [];
  const today = `net.netfilter.nf_${name.slice(name.indexOf('ip_conntrack_') + 'ip_'.length)}`;
  const message = `the sysctl file sets ${name}, which does not exist any more: write ${today}.`;
  return [{ span, message, related: [], fixes: [] }];
}
