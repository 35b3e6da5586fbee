import { isHook } from '../../../../src-sim/netfilter/hook';
import { blocksOf } from '../../analysis/blocks';
import type { Document } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lineSpan } from '../places';

export const builtinDeclaredTwice = defineRule({
  code: 'builtin-declared-twice',
  title: 'Two policies for one chain',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A built-in chain has two `:CHAIN POLICY` lines in one block, with different policies.',
    why: paragraphs(
      'The last one counts, without a word: the policy that stands at the head of the file, where everybody looks,',
      'may be another one.',
    ),
    instead: 'Keep the one that is meant.',
    suppress: 'Never.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:do_replace'],
  bad: [
    {
      title: 'Denied, or not',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
:INPUT ACCEPT [0:0]
#=== the last one counts
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Once each',
      code: `*filter
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

function check({ document }: LintContext): readonly Report[] {
  return blocksOf(document.tree).blocks.flatMap(({ start, end }) => secondPolicies(document, start + 1, end));
}

function secondPolicies(document: Document, from: number, until: number): readonly Report[] {
  const seen = new Map<string, { readonly policy: string; readonly line: number }>();
  const found: Report[] = [];
  for (let number = from; number < until; number++) {
    const line = document.tree.lines[number];
    const name = line?.kind === 'chain' ? line.name?.value : undefined;
    const policy = line?.kind === 'chain' ? line.policy?.value : undefined;
    if (name === undefined || policy === undefined || !isHook(name)) continue;
    const earlier = seen.get(name);
    if (earlier && earlier.policy !== policy) {
      const message = `${name} has the policy ${earlier.policy} in line ${earlier.line + 1} and ${policy} here: the last one counts.`;
      const related = [{ span: lineSpan(document, earlier.line), message: 'does not count' }];
      found.push({ span: lineSpan(document, number), message, related, fixes: [] });
    }
    seen.set(name, { policy, line: number });
  }
  return found;
}
