import { effectOf, type RuleRef } from '../../analysis/rule-packets';
import { defaultOf } from '../chain-default';
import { isMachineWritten, rulesOf } from '../dead-rules';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { policySpan } from '../places';

export const noDefaultDeny = defineRule({
  code: 'no-default-deny',
  title: 'INPUT accepts what it names, and everything else too',
  severity: 'information',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The policy of INPUT is ACCEPT, rules accept this and that, and no rule that packets can come to denies anything:',
      'the rules have no effect.',
    ),
    why: paragraphs(
      'A list of what is allowed needs a last word that denies the rest. Without one, every port is open, whatever the list',
      'says.',
    ),
    instead: paragraphs(
      'Set the policy to DROP (`:INPUT DROP [0:0]`), after making sure that `lo`, ESTABLISHED and the port by which you log in',
      'are accepted; or end the chain with `-j REJECT`.',
    ),
    suppress: 'Where the rules are there to be counted.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'A list of services, and no end to it',
      code: `*filter
:INPUT ACCEPT [0:0]
#=== INPUT denies nothing
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is INVALID is dropped, and nothing else',
      code: `*filter
:INPUT ACCEPT [0:0]
#=== INPUT denies nothing
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The last rule rejects the rest',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: "A list of what is denied, and a program's chain that accepts",
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_INP - [0:0]
:web - [0:0]
-A INPUT -j LIBVIRT_INP
-A INPUT -p tcp -m tcp --dport 80 -j web
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A web -s 192.0.2.0/24 -j ACCEPT
-A web -j DROP
COMMIT
`,
    },
    {
      title: 'Only libvirt accepts, and nothing is denied',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:LIBVIRT_INP - [0:0]
-A INPUT -j LIBVIRT_INP
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  const last = defaultOf(ruleset, 'filter', 'INPUT');
  if (last?.verdict !== 'accept' || last.by !== undefined) return [];
  const rules = reachableFrom(context, 'INPUT');
  const accepting = rules.filter((ref) => kindOf(ref) === 'accept' && !isMachineWritten(ref) && !isOfLoopback(ref));
  if (accepting.length === 0 || rules.some((ref) => mayDeny(ref) && !isOfInvalid(ref)) || isDeniedEarlier(context))
    return [];
  const span = policySpan(document, { table: 'filter', hook: 'INPUT' });
  const count = accepting.length === 1 ? 'the rule that accepts has' : `the ${accepting.length} rules that accept have`;
  const message = `INPUT denies nothing: its policy is ACCEPT, and ${count} no effect. End it with a rule that denies, or set the policy to DROP`;
  return span ? [{ span, message, related: [], fixes: [] }] : [];
}

function kindOf({ rule }: RuleRef) {
  return effectOf(rule.target)?.kind;
}

function isOfLoopback({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options['in-interface']?.value === 'lo');
}

/** What belongs to no connection is dropped by many who let everything begin. */
function isOfInvalid({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options: { ctstate, state } }) => {
    const given = ctstate ?? state;
    return given !== undefined && !given.inverted && JSON.stringify(given.value) === '["INVALID"]';
  });
}

/** Also what hands the packet to somebody who may. */
function mayDeny({ rule }: RuleRef): boolean {
  const kind = effectOf(rule.target)?.kind;
  return (
    kind === 'drop' || kind === 'reject' || (rule.target.kind === 'target' && (kind === undefined || kind === 'end'))
  );
}

/** A ruleset may deny in raw and mangle instead. */
function isDeniedEarlier({ ruleset }: LintContext): boolean {
  const earlier = ruleset.tables.filter(({ name }) => name === 'raw' || name === 'mangle');
  return earlier.some(({ chains }) =>
    chains.some(({ rules }) => rules.some(({ target }) => effectOf(target)?.kind === 'drop')),
  );
}

function reachableFrom({ ruleset }: LintContext, base: string): readonly RuleRef[] {
  const seen = new Set([base]);
  const refs: RuleRef[] = [];
  for (const chain of seen) {
    for (const [index, rule] of rulesOf(ruleset, { table: 'filter', chain }).entries()) {
      refs.push({ table: 'filter', chain, number: index + 1, rule });
      if (rule.target.kind === 'jump' || rule.target.kind === 'goto') seen.add(rule.target.chain);
    }
  }
  return refs;
}
