import { type Block, blocksOf } from '../../analysis/blocks';
import type { Document } from '../../analysis/document';
import { defineRule, type LintContext, type Report } from '../define';
import type { Fix } from '../finding';
import { lineSpan } from '../places';

export const tableTwice = defineRule({
  code: 'table-twice',
  title: 'A table that is loaded twice',
  severity: 'error',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'Two blocks of one file begin with the same `*TABLE`.',
    why: 'Each block replaces its table: what the first one has loaded is gone when the second one commits.',
    instead: 'Put both into one block.',
    suppress: 'Where the file is loaded with `--noflush`, and the blocks add to each other.',
  },
  kernel: ['net/netfilter/x_tables.c:xt_replace_table'],
  bad: [
    {
      title: 'The second one forgets the policy',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
*filter
#=== replaces
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Each half knows its own chains',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
*filter
#=== replaces
:INPUT DROP [0:0]
:office - [0:0]
-A INPUT -s 192.0.2.0/24 -j office
-A office -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
:office - [0:0]
-A INPUT -s 192.0.2.0/24 -j office
-A office -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Two tables',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const first = new Map<string, Block>();
  return blocksOf(document.tree).blocks.flatMap((block) => {
    const { table, start } = block;
    const earlier = table === undefined ? undefined : first.get(table);
    if (table === undefined) return [];
    if (earlier === undefined) {
      first.set(table, block);
      return [];
    }
    const message = `this block replaces what the block of line ${earlier.start + 1} has loaded into table ${table}: put both into one.`;
    const related = [{ span: lineSpan(document, earlier.start), message: 'is replaced' }];
    const fix = merged(document, earlier, block);
    return [{ span: lineSpan(document, start), message, related, fixes: fix ? [fix] : [] }];
  });
}

/** Undefined where both give a built-in chain a policy, and not the same: which is meant nobody can say. */
function merged(document: Document, earlier: Block, later: Block): Fix | undefined {
  const { tree } = document;
  if (earlier.commit === undefined || later.commit === undefined) return undefined;
  const policies = policiesOf(tree, earlier);
  const added: string[] = [];
  for (let number = later.start + 1; number < later.commit; number++) {
    const line = tree.lines[number];
    if (line?.kind === 'chain' && line.name) {
      const known = policies.get(line.name.value);
      if (known !== undefined && known !== line.policy?.value) return undefined;
      if (known !== undefined) continue;
    }
    added.push(line?.text ?? '');
  }
  const at = document.chunks.startOf(earlier.commit);
  const span = { start: document.chunks.startOf(later.start), end: document.chunks.startOf(later.commit + 1) };
  return {
    title: `Put both blocks of ${later.table} into one`,
    edits: [
      { span: { start: at, end: at }, text: added.join('') },
      { span, text: '' },
    ],
    safe: false,
    // Whatever the first block said counts again.
    scope: { kind: 'packets', of: {} },
  };
}

function policiesOf(tree: Document['tree'], { start, end }: Block): ReadonlyMap<string, string | undefined> {
  const lines = tree.lines.slice(start + 1, end);
  return new Map(
    lines.flatMap((line) =>
      line.kind === 'chain' && line.name ? [[line.name.value, line.policy?.value] as const] : [],
    ),
  );
}
