import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { optionSpan, reportAt } from '../rule-lines';
import { setLookups, setsBeside } from '../sets-beside';

export const ipsetTooFewFlags = defineRule({
  code: 'ipset-too-few-flags',
  title: 'A set of more dimensions than are looked up',
  severity: 'error',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`--match-set` gives fewer of `src` and `dst` than the set has dimensions.',
    why: paragraphs(
      'A set `hash:ip,port` holds pairs, and wants to know for each half which end of the packet it means. With one',
      'word too few the lookup never finds anything; with a `!` before it, the rule matches every packet. Words too',
      'many do not matter.',
    ),
    instead: paragraphs(
      'Write one word for each dimension: `src,dst` for `hash:ip,port` where it holds clients and the ports they',
      'may use.',
    ),
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/ipset/ip_set_core.c:ip_set_test'],
  bad: [
    {
      title: 'A pair, asked by half',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set clients src -j ACCEPT
#               ^^^^^^^^^^^^^^^^^^^^^^^ never matches
-A INPUT -m set ! --match-set clients src -j DROP
#               ^^^^^^^^^^^^^^^^^^^^^^^^^ matches every packet
COMMIT
`,
      beside: { ipsets: 'create clients hash:ip,port\n' },
    },
  ],
  good: [
    {
      title: 'Both halves',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set clients src,dst -j ACCEPT
-A INPUT -m set --match-set nets src,src -j DROP
COMMIT
`,
      beside: { ipsets: 'create clients hash:ip,port\ncreate nets hash:net\n' },
    },
    {
      title: 'A list has as many as its members',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set all src -j ACCEPT
COMMIT
`,
      beside: { ipsets: 'create nets hash:net\ncreate all list:set\nadd all nets\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const lookups = setLookups(document);
  const sets = lookups.length === 0 ? undefined : setsBeside(context);
  return lookups.flatMap(({ rule, part, set, directions }) => {
    const found = sets?.get(set);
    if (found === undefined || found.type === 'list:set' || directions.length >= found.dimension) return [];
    const fate = part.bang ? 'the rule matches every packet' : 'the rule never matches';
    const message = `"${set}" is ${found.type} and wants ${found.dimension} of src and dst, with commas between them: ${fate}.`;
    return [reportAt(document, rule, optionSpan(part), message)];
  });
}
