import { type Block, blocksOf } from '../../analysis/blocks';
import type { Document } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { lineSpan } from '../places';
import { placeOf, type RuleLine, relatedTo, ruleLines } from '../rule-lines';

export const partialRestoreRisk = defineRule({
  code: 'partial-restore-risk',
  title: 'A table is loaded before the one that may fail',
  severity: 'information',
  group: 'docker-kubernetes',
  proof: 'text',
  docs: {
    what: paragraphs(
      'Another table stands before `*filter`, and `*filter` denies by policy and holds what may fail when it is',
      "loaded: a set, a host's name, a helper.",
    ),
    why: paragraphs(
      'Each table is loaded by itself at its COMMIT. Where the filter table fails, since a set is not there yet or',
      'no name server answers, the tables before it stay: the host translates and forwards, and filters nothing.',
    ),
    instead: 'Put `*filter` first, or make sure that what it needs is there before.',
    suppress: 'Where something else sees to it that the sets are there.',
  },
  kernel: ['net/netfilter/x_tables.c:xt_replace_table'],
  bad: [
    {
      title: 'NAT at work, filter empty',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
#=== put *filter first
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
      beside: { ipsets: 'create bad hash:ip\n' },
    },
  ],
  good: [
    {
      title: 'The filter comes first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
      beside: { ipsets: 'create bad hash:ip\n' },
    },
    {
      title: 'Nothing in it can fail',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const { blocks } = blocksOf(document.tree);
  const filter = blocks.findIndex(({ table }) => table === 'filter');
  const block = blocks[filter];
  const risky = filter > 0 ? ruleLines(document).all.find(mayFail) : undefined;
  if (block === undefined || risky === undefined || !denies(context)) return [];
  const before = blocks.slice(0, filter).map(({ table }) => table);
  const message = `${placeOf(risky)} may fail when it is loaded, and then ${before.join(', ')} stays while the filter is left as it was, perhaps open: put *filter first.`;
  const related = [relatedTo(document, risky, 'may fail')];
  return [{ span: lineSpan(document, block.start), message, related, fixes: filterFirst(document, blocks, block) }];
}

function denies({ ruleset }: LintContext): boolean {
  const chains = ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  return chains.some(({ policy }) => policy === 'DROP');
}

/** A set may be missing, and a host's name may not be found. */
function mayFail(rule: RuleLine): boolean {
  if (rule.table !== 'filter') return false;
  const { line, uses } = rule;
  return uses.matches.some(({ name }) => name === 'set') || line.problems.some(({ code }) => code === 'host-name');
}

function filterFirst(document: Document, blocks: readonly Block[], filter: Block): readonly Fix[] {
  const [first] = blocks;
  if (first === undefined || filter.commit === undefined) return [];
  const from = document.lineStarts[filter.start] ?? 0;
  const until = document.lineStarts[filter.end] ?? document.text.length;
  const at = document.lineStarts[first.start] ?? 0;
  const text = document.text.slice(from, until);
  const edits = [
    { span: { start: at, end: at }, text },
    { span: { start: from, end: until }, text: '' },
  ];
  return text.endsWith('\n') ? [{ title: 'Put *filter first', edits, safe: false, scope: { kind: 'nothing' } }] : [];
}
