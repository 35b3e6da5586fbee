import { type Hook, isHook, TABLE_HOOKS, type TableName } from '../../../../src-sim/netfilter/hook';
import { type Block, blocksOf } from '../../analysis/blocks';
import type { Document } from '../../analysis/document';
import { chainNameOf } from '../../analysis/rule-facts';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { lineSpan } from '../places';
import { replaceIn } from '../rule-lines';

export const builtinUndeclared = defineRule({
  code: 'builtin-undeclared',
  title: 'A built-in chain that is not declared',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A block has no `:CHAIN POLICY` line for a built-in chain of its table. In `filter` a warning, elsewhere an',
      'information.',
    ),
    why: paragraphs(
      'What the two programs make of it differs: iptables-legacy-restore keeps the policy that the chain has,',
      'iptables-nft-restore sets it to ACCEPT. A host that denied forwarding forwards after a change of the',
      'program, or after a boot.',
      " Blocks that touch no built-in chain at all, as ufw's files, are left alone: they are loaded with",
      '`--noflush`.',
    ),
    instead: 'Declare every built-in chain with the policy that is meant.',
    suppress: 'Where the file is loaded with `--noflush`.',
  },
  kernel: [
    'net/netfilter/x_tables.c:xt_replace_table',
    'iptables: iptables/xtables-restore.c:xtables_restore_parse_line',
  ],
  bad: [
    {
      title: 'Two of three are missing',
      code: `*filter
#=== FORWARD, OUTPUT
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
      fixed: `*filter
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'All are there',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
    {
      title: 'An old nat table has no INPUT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Policies by command',
      code: `*filter
-P INPUT DROP
-P FORWARD DROP
-P OUTPUT ACCEPT
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Chains of its own alone, for --noflush',
      code: `*filter
:mine - [0:0]
-A mine -s 192.0.2.1/32 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Chains that older kernels do not have: their dumps lack them. */
const YOUNG: Partial<Record<TableName, readonly Hook[]>> = {
  nat: ['INPUT'],
  mangle: ['INPUT', 'FORWARD', 'POSTROUTING'],
};

function check({ document }: LintContext): readonly Report[] {
  return blocksOf(document.tree).blocks.flatMap((block) => {
    const { table } = block;
    const found = table === undefined ? undefined : namedIn(document, block);
    if (table === undefined || found === undefined || !found.touchesBuiltin) return [];
    const missing = TABLE_HOOKS[table].filter((hook) => !found.declared.has(hook) && !YOUNG[table]?.includes(hook));
    if (missing.length === 0) return [];
    const severity = table === 'filter' ? 'warning' : 'information';
    const message = `${missing.join(', ')} not declared: iptables-legacy keeps the policy that the chain has, iptables-nft sets it to ACCEPT. Say which: ":${missing[0]} ACCEPT [0:0]".`;
    const fixes = [declare(document, block, missing)];
    return [{ severity, span: lineSpan(document, block.start), message, related: [], fixes }];
  });
}

interface NamedChains {
  readonly declared: ReadonlySet<string>;
  readonly touchesBuiltin: boolean;
}

function namedIn({ tree }: Document, { start, end }: Block): NamedChains {
  const declared = new Set<string>();
  let touchesBuiltin = false;
  for (let number = start + 1; number < end; number++) {
    const line = tree.lines[number];
    const name = line?.kind === 'chain' ? line.name?.value : line?.kind === 'command' ? chainNameOf(line) : undefined;
    if (name === undefined) continue;
    if (isHook(name)) touchesBuiltin = true;
    if (line?.kind === 'chain' || (line?.kind === 'command' && line.command === 'policy')) declared.add(name);
  }
  return { declared, touchesBuiltin };
}

function declare(document: Document, { start }: Block, missing: readonly Hook[]): Fix {
  const text = document.tree.lines[start]?.text ?? '';
  const [ending = '\n'] = /\r?\n$/.exec(text) ?? [];
  const at = { start: text.length, end: text.length };
  const lines = missing.map((hook) => `:${hook} ACCEPT [0:0]${ending}`).join('');
  const edits = [replaceIn(document, start, at, lines)];
  return { title: 'Declare them, with policy ACCEPT', edits, safe: false, scope: { kind: 'nothing' } };
}
