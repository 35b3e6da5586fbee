import { effectOf } from '../../analysis/rule-packets';
import { defaultOf } from '../chain-default';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { deniedToItself } from '../loopback';
import { firstInChain, policySpan, ruleSpan } from '../places';

export const loopbackNotAccepted = defineRule({
  code: 'loopback-not-accepted',
  title: 'The host does not reach its own services',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: 'What nobody names is denied in INPUT or OUTPUT, and no rule accepts what the host sends to itself over `lo`.',
    why: paragraphs(
      'Programs of one host talk to each other over the loopback: databases, resolvers (`127.0.0.53`), agents, and whatever',
      "speaks to the host's own address. Their packets pass OUTPUT and INPUT like all others, and time out.",
    ),
    instead: 'Accept `-i lo` first in INPUT, and `-o lo` first in OUTPUT where that denies by default.',
    suppress: 'Where nothing on the host talks to itself.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table', 'drivers/net/loopback.c:loopback_xmit'],
  bad: [
    {
      title: 'Login is thought of, the host itself is not',
      code: `*filter
:INPUT DROP [0:0]
#=== INPUT denies what the host sends to itself over lo
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'OUTPUT denies by its last rule',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -j REJECT
#=== OUTPUT denies what the host sends to itself over lo
COMMIT
`,
    },
    {
      title: 'OUTPUT leads what remains to a chain that logs and drops',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:refused - [0:0]
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -j refused
-A refused -m limit --limit 5/min -j LOG
-A refused -j DROP
#=== OUTPUT denies what the host sends to itself over lo
COMMIT
`,
    },
    {
      title: 'TCP alone is thought of: resolvers and statistics use UDP',
      code: `*filter
:INPUT DROP [0:0]
#=== INPUT denies the UDP that the host sends to itself over lo
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The local resolver alone is asked by UDP',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Both sides of the loopback',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Everything that does not come in by the outer interface',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -i eth0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing at all is accepted: that is meant',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return (['INPUT', 'OUTPUT'] as const).flatMap((chain) => report(context, chain) ?? []);
}

function report(context: LintContext, chain: 'INPUT' | 'OUTPUT'): Report | undefined {
  const { document, ruleset } = context;
  const last = defaultOf(ruleset, 'filter', chain);
  if (last?.verdict !== 'deny' || !acceptsSomething(context, chain)) return undefined;
  const tcp = deniedToItself(context, chain, 'loopback', 'tcp');
  const witness = tcp ?? deniedToItself(context, chain, 'loopback', 'udp');
  const span = last.by ? ruleSpan(document, last.by) : policySpan(document, { table: 'filter', hook: chain });
  if (witness === undefined || span === undefined) return undefined;
  const flag = chain === 'INPUT' ? '-i' : '-o';
  const rule = `-A ${chain} ${flag} lo -j ACCEPT`;
  const what = tcp ? 'what' : 'the UDP that';
  const message = `${chain} denies ${what} the host sends to itself over lo: its own services do not reach each other. Begin with ${rule}`;
  const edit = firstInChain(document, { ruleset }, 'filter', chain, rule);
  const fix: Fix | undefined = edit && {
    title: `Begin with ${rule}`,
    edits: [edit],
    safe: false,
    scope: { kind: 'packets', of: chain === 'INPUT' ? { inside: ['', 'lo'] } : { outside: ['lo'] } },
  };
  return { span, message, related: [], fixes: fix ? [fix] : [], witness };
}

function acceptsSomething({ ruleset }: LintContext, chain: string): boolean {
  const rules = rulesOf(ruleset, { table: 'filter', chain });
  return rules.some(({ target }) => target.kind === 'jump' || effectOf(target)?.kind === 'accept');
}
