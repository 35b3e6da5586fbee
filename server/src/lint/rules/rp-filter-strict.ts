import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lineSpan } from '../places';
import { sysctlsOf } from '../sysctl-beside';
import { hasTarget, rulesOf } from '../table-rules';

export const rpFilterStrict = defineRule({
  code: 'rp-filter-strict',
  title: 'rp_filter drops what no rule shows',
  severity: 'information',
  group: 'lvs',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A sysctl file beside the rules sets `rp_filter` to 1, on a host with asymmetric paths, tunnelled LVS or TPROXY.',
    ),
    why: paragraphs(
      'Strict reverse-path filtering drops a packet whose source would be reached by another interface. It happens between',
      '`PREROUTING` and the chains of the table `filter`, without a log: only the counter `TcpExtIPReversePathFilter` tells.',
    ),
    instead: '`rp_filter=2` (loose) on the interfaces in question; the greater of `all` and the interface counts.',
    suppress: 'Where routes of such packets do lead back by the same interface.',
  },
  kernel: ['net/ipv4/fib_frontend.c:__fib_validate_source'],
  bad: [
    {
      title: 'Asymmetric paths',
      code: `# chainwalk: role=router asymmetric=yes
*filter
#=== rp_filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      beside: { sysctl: 'net.ipv4.conf.all.rp_filter = 1\n' },
    },
    {
      title: 'A director that tunnels',
      code: `# chainwalk: role=lvs-director mode=tun vip=203.0.113.10
*filter
#=== rp_filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      beside: { sysctl: 'net/ipv4/conf/default/rp_filter=1\n' },
    },
    {
      title: 'A transparent proxy',
      code: `*mangle
#=== rp_filter
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
`,
      beside: { sysctl: 'net.ipv4.conf.eth0.rp_filter = 1\n' },
    },
  ],
  good: [
    {
      title: 'Loose',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      beside: { sysctl: 'net.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.eth0.rp_filter = 1\n' },
    },
    {
      title: 'An ordinary host',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      beside: { sysctl: 'net.ipv4.conf.all.rp_filter = 1\n' },
    },
    {
      title: 'Nobody knows the setting',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

function check(context: LintContext): readonly Report[] | undefined {
  const setting = strictSetting(context);
  const why = setting === undefined ? undefined : reason(context);
  const line = context.document.tree.lines.findIndex(({ kind }) => kind === 'table');
  if (setting === undefined || why === undefined || line === -1) return undefined;
  return [
    {
      span: lineSpan(context.document, line),
      message: `${setting}=1 drops packets before any rule here sees them, and ${why}. Set it to 2.`,
      related: [],
      fixes: [],
    },
  ];
}

/** The greater of `all` and the interface's own counts. */
function strictSetting(context: LintContext): string | undefined {
  const settings = [...sysctlsOf(context)].filter(([name]) => /^net\.ipv4\.conf\..+\.rp_filter$/.test(name));
  const isLoose = settings.some(([name, value]) => name === 'net.ipv4.conf.all.rp_filter' && value === '2');
  return isLoose ? undefined : settings.find(([, value]) => value === '1')?.[0];
}

function reason({ hints, ruleset }: LintContext): string | undefined {
  if (ruleset.family === 'ipv6') return undefined;
  if (hints.asymmetric) return 'this router has asymmetric paths';
  if (hints.mode === 'tun') return 'what LVS tunnels comes with sources of other interfaces';
  const isProxy = rulesOf(ruleset, 'mangle').some((ref) => hasTarget(ref, 'TPROXY'));
  return isProxy ? 'a transparent proxy answers with sources that are not its own' : undefined;
}
