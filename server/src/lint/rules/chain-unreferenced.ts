import { isHook } from '../../../../src-sim/netfilter/hook';
import { chainSpan } from '../chain-lines';
import { callersOf, isMachineWritten } from '../dead-rules';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';

export const chainUnreferenced = defineRule({
  code: 'chain-unreferenced',
  title: 'No jump leads to the chain',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A chain of your own that no rule of its table jumps to, neither with `-j` nor with `-g`.',
    why: paragraphs(
      'Its rules are loaded, listed, and never asked. Either a jump is missing, and the chain does not protect what it was',
      'written for, or it is left over. Chains of Docker, Kubernetes, fail2ban and the like are not told: their programs put',
      'the jumps in.',
    ),
    instead: 'Add the jump, or delete the chain.',
    suppress: 'Where a program adds the jump later.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:mark_source_chains'],
  bad: [
    {
      title: 'The jump was forgotten',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
#=== no rule jumps to services: its rule is never asked
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A services -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One of them is reached through the other',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
:web - [0:0]
-A INPUT -j services
-A services -p tcp -g web
-A web -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A chain that Docker fills and calls',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j RETURN
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document, ruleset }: LintContext): readonly Report[] {
  return ruleset.tables.flatMap(({ name: table, chains }) => {
    const callers = callersOf(ruleset, table);
    return chains.flatMap(({ name, policy, rules }): readonly Report[] => {
      // A built-in chain in the wrong table is another mistake, and told as such.
      if (policy !== undefined || isHook(name) || callers.has(name) || isMachineWritten({ chain: name })) return [];
      const span = chainSpan(document, table, name);
      const lost = rules.length === 1 ? 'its rule is never asked' : `its ${rules.length} rules are never asked`;
      const message = `no rule jumps to ${name}: ${rules.length === 0 ? 'it is empty, too' : lost}`;
      return span ? [{ span, message, related: [], fixes: [] }] : [];
    });
  });
}
