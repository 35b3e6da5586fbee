import { familyOf } from '../../../../src-sim/net/address';
import { effectOf, type RuleRef } from '../../analysis/rule-packets';
import { defaultOf } from '../chain-default';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { deniedToItself } from '../loopback';
import { ruleSpan } from '../places';
import { conditionOf, lineOf, optionSpan, replaceIn } from '../rule-lines';

export const loopbackByAddress = defineRule({
  code: 'loopback-by-address',
  title: 'The loopback by its address, not by its interface',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'INPUT denies by default, and what the host sends to itself is accepted by `-s 127.0.0.0/8` or `-d 127.0.0.1` only:',
      'no rule says `-i lo`.',
    ),
    why: paragraphs(
      'A connection of the host to another address of its own also goes over `lo`, with that address at both ends: it is denied.',
      'And an address is a claim of the sender, an interface is not.',
    ),
    instead: 'Write `-i lo` instead of the address.',
    suppress: 'Where the host never talks to its own other addresses.',
  },
  kernel: ['net/ipv4/route.c:ip_route_output_key_hash_rcu'],
  bad: [
    {
      title: 'From 127.0.0.0/8',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 127.0.0.0/8 -j ACCEPT
#=== accepts the loopback by its address
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
  ],
  good: [
    {
      title: 'The interface, with the address or without',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -s 127.0.0.0/8 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'All addresses of the host',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 127.0.0.0/8 -j ACCEPT
-A INPUT -s 203.0.113.0/24 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  if (defaultOf(ruleset, 'filter', 'INPUT')?.verdict !== 'deny') return [];
  const ref = rulesOf(ruleset, { table: 'filter', chain: 'INPUT' })
    .map((rule, index): RuleRef => ({ table: 'filter', chain: 'INPUT', number: index + 1, rule }))
    .find(isByAddress);
  if (ref === undefined || deniedToItself(context, 'INPUT', 'loopback')) return [];
  const witness = deniedToItself(context, 'INPUT', 'own');
  if (witness === undefined) return [];
  const fix = byInterface(context, ref);
  return [
    {
      span: ruleSpan(document, ref),
      message: `${nameOf(ref)} accepts the loopback by its address: what the host sends to its other addresses is denied, though it goes over lo. Write -i lo`,
      related: [],
      fixes: fix ? [fix] : [],
      witness,
    },
  ];
}

function isByAddress({ rule }: RuleRef): boolean {
  const [only] = rule.matches;
  if (effectOf(rule.target)?.kind !== 'accept' || rule.matches.length !== 1 || only === undefined) return false;
  const { source, destination, ...others } = only.options;
  const isLoopback = [source, destination].some(
    (given) => given !== undefined && !given.inverted && isLoopbackNetwork(given.value),
  );
  return isLoopback && Object.keys(others).length === 0;
}

function isLoopbackNetwork(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 1) return false;
  const [network]: readonly { readonly address?: unknown }[] = value;
  const address = network?.address;
  return typeof address === 'string' && (familyOf(address) === 'ipv4' ? address.startsWith('127.') : address === '::1');
}

function byInterface({ document }: LintContext, ref: RuleRef): Fix | undefined {
  const line = lineOf(document, ref.rule.line);
  const parts = ['source', 'destination']
    .map((name) => line && conditionOf(line, name))
    .filter((part) => part !== undefined);
  const [part] = parts;
  if (line === undefined || part === undefined || parts.length > 1) return undefined;
  const edits = [replaceIn(document, line.number, optionSpan(part), '-i lo')];
  return {
    title: 'Ask for the interface lo',
    edits,
    safe: true,
    scope: { kind: 'packets', of: { inside: ['', 'lo'] } },
  };
}
