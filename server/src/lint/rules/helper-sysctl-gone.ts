import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lineSpan } from '../places';
import { sysctlsOf } from '../sysctl-beside';

export const helperSysctlGone = defineRule({
  code: 'helper-sysctl-gone',
  title: 'nf_conntrack_helper is gone',
  severity: 'information',
  group: 'helper',
  proof: 'text',
  docs: {
    what: 'A sysctl file beside the rules sets `net.netfilter.nf_conntrack_helper`.',
    why: paragraphs(
      'The setting let conntrack assign helpers by port. Linux 6.0 removed it: setting it fails, and no helper reads along but',
      'where a rule says so.',
    ),
    instead: '`-t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp` for each service that needs one.',
    suppress: 'On kernels before 6.0.',
  },
  kernel: ['net/netfilter/nf_conntrack_helper.c:__nf_ct_try_assign_helper'],
  bad: [
    {
      title: 'FTP by the old setting',
      code: `*filter
#=== 6.0
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 21 -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_helper = 1\n' },
    },
  ],
  good: [
    {
      title: 'Other settings of conntrack',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_max = 262144\n# net.netfilter.nf_conntrack_helper = 1\n' },
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

const GONE = 'net.netfilter.nf_conntrack_helper';

function check(context: LintContext): readonly Report[] | undefined {
  const line = context.document.tree.lines.findIndex(({ kind }) => kind === 'table');
  if (line === -1 || !sysctlsOf(context).has(GONE)) return undefined;
  return [
    {
      span: lineSpan(context.document, line),
      message: `${GONE} is set beside these rules, and Linux 6.0 removed it: assign helpers by -j CT --helper in the table raw.`,
      related: [],
      fixes: [],
    },
  ];
}
