import { blocksOf, linesOf } from '../../analysis/blocks';
import type { Command, CommandLine } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lineSpan } from '../places';
import { savedForm } from '../saved-form';

export const commandInRestore = defineRule({
  code: 'command-in-restore',
  title: 'A command among the rules of a file',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-P`, `-F`, `-N`, `-I`, `-D` and their like in a file for iptables-restore.',
    why: paragraphs(
      'They work, one after the other, as on the command line; but iptables-save never writes them, other tools do',
      'not read them, and `-I` turns the order of the file round. `-L` does nothing at all.',
    ),
    instead: 'Write `:CHAIN POLICY` lines and `-A`: what iptables-save prints.',
    suppress: 'Where the file is kept that way on purpose.',
  },
  kernel: ['iptables: iptables/iptables-restore.c:ip46tables_restore_main'],
  bad: [
    {
      title: 'A script that became a file',
      code: `*filter
-P INPUT DROP
#=== -P INPUT DROP
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-I INPUT -i lo -j ACCEPT
#=== -A
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is set at the head, and set anew',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-F
#=== empties
-N office
#=== :office
-P INPUT DROP
#=== -P INPUT DROP
-A INPUT -s 192.0.2.0/24 -j office
-A INPUT -p icmp -j ACCEPT
-I INPUT 2 -i lo -j ACCEPT
#=== -A
-A office -p tcp -m tcp --dport 22 -j ACCEPT
-L INPUT
#=== nothing
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:office - [0:0]
-A INPUT -s 192.0.2.0/24 -j office
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A office -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'As iptables-save prints it',
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

const ADVICE: Readonly<Partial<Record<Command, (line: CommandLine) => string>>> = {
  policy: ({ chain, argument }) =>
    `write ":${chain?.value} ${argument?.value} [0:0]" at the head of the block, in the place of -P ${chain?.value} ${argument?.value}`,
  'new-chain': ({ chain }) => `write ":${chain?.value} - [0:0]" at the head of the block`,
  flush: () => 'a restore empties the chains by itself',
  'delete-chain': () => 'a restore takes away the chains by itself',
  zero: () => 'a restore begins with new counters by itself',
  insert: () => 'write -A where the rule belongs: -I turns the order round',
  delete: () => 'leave the rule out, instead of deleting it again',
  replace: () => 'write the rule as it shall be',
  'rename-chain': () => 'give the chain its name at once',
  check: () => 'a check does nothing in a file',
  list: () => 'a list does nothing in a file',
};

/** Once for each command: a file that has one has many. */
function check({ document }: LintContext): readonly Report[] {
  const seen = new Set<Command>();
  return blocksOf(document.tree).blocks.flatMap((block) =>
    [...linesOf(block)].flatMap((number) => {
      const line = document.tree.lines[number];
      const advice = line?.kind === 'command' ? ADVICE[line.command] : undefined;
      if (line?.kind !== 'command' || advice === undefined || seen.has(line.command)) return [];
      seen.add(line.command);
      const message = `a command that iptables-save does not write: ${advice(line)}.`;
      const fix = savedForm(document, block, number, line);
      return [{ span: lineSpan(document, number), message, related: [], fixes: fix ? [fix] : [] }];
    }),
  );
}
