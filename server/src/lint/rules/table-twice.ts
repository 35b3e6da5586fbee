import { blocksOf } from '../../analysis/blocks';
import { defineRule, type LintContext, type Report } from '../define';
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
  const first = new Map<string, number>();
  return blocksOf(document.tree).blocks.flatMap(({ table, start }) => {
    const earlier = table === undefined ? undefined : first.get(table);
    if (table === undefined) return [];
    if (earlier === undefined) {
      first.set(table, start);
      return [];
    }
    const message = `this block replaces what the block of line ${earlier + 1} has loaded into table ${table}: put both into one.`;
    const related = [{ span: lineSpan(document, earlier), message: 'is replaced' }];
    return [{ span: lineSpan(document, start), message, related, fixes: [] }];
  });
}
