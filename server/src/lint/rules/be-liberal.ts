import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { type RuleLine, reportAt, ruleLines, targetName, wholeRuleSpan } from '../rule-lines';
import { numberOf, sysctlsOf } from '../sysctl-beside';

export const beLiberal = defineRule({
  code: 'be-liberal',
  title: 'INVALID by the window alone',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A rule drops INVALID packets on a host whose hint says `asymmetric=yes`, and the sysctl file beside it does',
      'not set `nf_conntrack_tcp_be_liberal`.',
    ),
    why: paragraphs(
      'Conntrack follows the windows of TCP, and finds segments outside them INVALID: with paths that lose some of',
      'the packets, or offloading network cards, these may be good ones. `nf_conntrack_tcp_be_liberal = 1` keeps',
      'that judgement for RST alone. It does not help where one direction is never seen.',
    ),
    instead: 'Set `net.netfilter.nf_conntrack_tcp_be_liberal = 1`, or do not drop INVALID.',
    suppress: 'Where both directions pass this host.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_in_window'],
  bad: [
    {
      title: 'Half of the packets take another way',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
#=== be_liberal
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'It is liberal',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_tcp_be_liberal = 1\n' },
    },
    {
      title: 'One way for all',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document, hints } = context;
  if (!hints.asymmetric || numberOf(sysctlsOf(context), 'net.netfilter.nf_conntrack_tcp_be_liberal') === 1) return [];
  const lines = ruleLines(document);
  const rule = [...lines.matching('conntrack'), ...lines.matching('state')].find(dropsInvalid);
  if (rule === undefined) return [];
  const message =
    'segments outside the window are INVALID too: nf_conntrack_tcp_be_liberal = 1 spares them, where paths differ.';
  return [reportAt(document, rule, wholeRuleSpan(rule), message)];
}

function dropsInvalid(rule: RuleLine): boolean {
  if (targetName(rule) !== 'DROP') return false;
  const values = rule.uses.matches.flatMap(({ parts }) => parts.map(({ value }) => value));
  return values.some((value) => Array.isArray(value) && value.includes('INVALID'));
}
