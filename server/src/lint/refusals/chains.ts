/** Chains: their names, their policies, and rules that lead to none. */
import { isHook, TABLE_HOOKS } from '../../../../src-sim/netfilter/hook';
import { blocksOf } from '../../analysis/blocks';
import { MAX_CHAIN_NAME_BYTES } from '../../syntax/chain-name';
import { declareChain, rejectAtEnd, renameChain } from './chain-cures';
import { defineRefusals, edit, type RefusedPlace } from './define';

export const CHAIN_REFUSALS = defineRefusals([
  {
    code: 'chain-wrong-table',
    title: 'A built-in chain of another table',
    why: 'Each table has built-in chains at some hooks only: nat has no FORWARD, raw no INPUT.',
    instead: 'Put the rule into a table that has the chain.',
    of: ['unknown-chain', 'bad-policy'],
    when: ({ text, table, problem, line }) => {
      const name = problem.code === 'bad-policy' && line.kind === 'chain' ? (line.name?.value ?? '') : text;
      return table !== undefined && isHook(name) && !TABLE_HOOKS[table].includes(name);
    },
    examples: [
      { code: '*nat\n-A FORWARD -i lan0 -j ACCEPT\nCOMMIT\n' },
      { code: '*raw\n:FORWARD ACCEPT [0:0]\nCOMMIT\n', refusedBy: 'legacy' },
    ],
  },
  {
    code: 'chain-in-other-table',
    title: 'A chain of another table',
    why: 'A chain belongs to its table; no rule of another can lead to it.',
    instead: 'Declare the chain in this table too, with its rules.',
    of: ['unknown-chain'],
    when: isDeclaredElsewhere,
    examples: [{ code: '*nat\n:office - [0:0]\nCOMMIT\n*filter\n-A INPUT -s 192.0.2.0/24 -j office\nCOMMIT\n' }],
  },
  {
    code: 'removed-extension',
    title: 'A match or target that is gone',
    why: 'ULOG, MIRROR, SAME, `unclean` and `psd` have left the kernel (or never were in it): the rule is refused when it is loaded, though `--test` may have taken it.',
    instead: 'NFLOG for ULOG, NFQUEUE for QUEUE, `-m cluster` for CLUSTERIP.',
    severity: 'error',
    of: ['unknown-chain', 'unknown-extension', 'refused', 'unknown-option'],
    when: ({ text, problem }) => REMOVED.has(text) || (text === '--new' && problem.message.includes('gone')),
    fix: (at) => {
      const successor = REMOVED.get(at.text);
      if (successor === undefined || successor === '') return undefined;
      return { title: `Write ${successor}`, edits: [edit(at, at.problem.span, successor)], safe: true };
    },
    examples: [
      {
        code: '*filter\n-A INPUT -p icmp -j QUEUE\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p icmp -j NFQUEUE\nCOMMIT\n',
        refusedBy: 'nft',
      },
      { code: '*filter\n-A INPUT -p icmp -j MIRROR\nCOMMIT\n' },
      { code: '*filter\n-A INPUT -m unclean -j DROP\nCOMMIT\n' },
      { code: '*filter\n-A OUTPUT -m owner --cmd-owner sshd -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'chain-undefined',
    title: 'A chain that is not there',
    why: 'A chain must be declared (`:NAME - [0:0]`) in its table, above the first rule that leads to it or is appended to it. The whole table is refused.',
    instead: 'Declare it at the head of the table, or mend the name.',
    of: ['unknown-chain'],
    fix: declareChain,
    examples: [
      { code: '*filter\n-A INPUT -s 192.0.2.0/24 -j office\nCOMMIT\n' },
      {
        code: '*filter\n:INPUT DROP [0:0]\n-A office -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n:INPUT DROP [0:0]\n:office - [0:0]\n-A office -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'chain-loop',
    title: 'Chains that lead in a circle',
    why: 'The kernel follows every jump when it loads a table, and refuses a way that comes back to a chain it is in, whatever the conditions.',
    instead: 'End the circle: RETURN goes back to the caller by itself.',
    of: ['loop'],
    examples: [
      {
        code: '*filter\n:one - [0:0]\n:two - [0:0]\n-A INPUT -j one\n-A one -p tcp -j two\n-A two -p udp -j one\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'jump-to-builtin',
    title: 'A jump to a built-in chain',
    why: 'Only the kernel enters a built-in chain, at its hook.',
    instead: 'Put what both need into a chain of your own.',
    of: ['jump-to-builtin'],
    examples: [{ code: '*filter\n-A FORWARD -i lan0 -j INPUT\nCOMMIT\n' }],
  },
  {
    code: 'user-chain-policy',
    title: 'A policy for a chain of your own',
    why: 'Only a built-in chain has a policy. iptables-legacy refuses one elsewhere; iptables-nft ignores it.',
    instead: 'Write `-`, and a last rule that does what the policy should.',
    of: ['bad-policy'],
    when: ({ problem, line }) => problem.refusedBy === 'legacy' && line.kind === 'chain',
    fix: (at) => ({ title: 'Write -', edits: [edit(at, at.problem.span, '-')], safe: true }),
    examples: [
      {
        code: '*filter\n:office DROP [0:0]\n-A INPUT -s 192.0.2.0/24 -j office\nCOMMIT\n',
        fixed: '*filter\n:office - [0:0]\n-A INPUT -s 192.0.2.0/24 -j office\nCOMMIT\n',
        refusedBy: 'legacy',
      },
    ],
  },
  {
    code: 'bad-policy',
    title: 'A policy that is none',
    why: 'A policy is ACCEPT or DROP; REJECT, QUEUE and RETURN are for rules.',
    instead: 'Write DROP, and a last rule with `-j REJECT`.',
    of: ['bad-policy'],
    fix: rejectAtEnd,
    examples: [
      {
        code: '*filter\n:INPUT REJECT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n',
      },
      { code: '*filter\n:INPUT QUEUE [0:0]\nCOMMIT\n' },
    ],
  },
  {
    code: 'chain-name-too-long',
    title: 'A name of more than 28 characters',
    why: 'The kernel has room for 28 bytes.',
    instead: 'Shorten the name.',
    of: ['name-too-long'],
    fix: (at) => renameChain(at, at.text, at.text.slice(0, MAX_CHAIN_NAME_BYTES)),
    examples: [
      {
        code: '*filter\n:from-the-office-in-the-old-house - [0:0]\n-A INPUT -j from-the-office-in-the-old-house\nCOMMIT\n',
        fixed: '*filter\n:from-the-office-in-the-old-h - [0:0]\n-A INPUT -j from-the-office-in-the-old-h\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'chain-name-bad',
    title: 'A name that a chain cannot have',
    why: 'iptables-nft refuses names that begin with `-` or `!`; both refuse the names of verdicts.',
    instead: 'Begin the name with a letter.',
    of: ['bad-chain-name'],
    fix: (at) => renameChain(at, at.text, at.text.replace(/^[!-]+/, '')),
    examples: [
      {
        code: '*filter\n:-office - [0:0]\n-A INPUT -s 192.0.2.0/24 -j -office\nCOMMIT\n',
        fixed: '*filter\n:office - [0:0]\n-A INPUT -s 192.0.2.0/24 -j office\nCOMMIT\n',
        refusedBy: 'nft',
      },
    ],
  },
  {
    code: 'chain-declared-twice',
    title: 'A chain that is declared twice',
    why: 'iptables-legacy refuses the second declaration. iptables-nft takes it and empties the chain: the rules that were appended before are gone without a word.',
    instead: 'Delete the second declaration.',
    of: ['chain-exists'],
    when: ({ problem }) => problem.refusedBy === 'legacy',
    fix: (at) => ({
      title: 'Delete this declaration',
      edits: [edit(at, { start: 0, end: at.line.text.length }, '')],
      safe: true,
    }),
    examples: [
      {
        code: '*filter\n:office - [0:0]\n-A office -j DROP\n:office - [0:0]\n-A office -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n:office - [0:0]\n-A office -j DROP\n-A office -j ACCEPT\nCOMMIT\n',
        refusedBy: 'legacy',
      },
    ],
  },
  {
    code: 'chain-shadows-target',
    title: 'A chain with the name of a target',
    why: 'In a table with a chain called LOG, `-j LOG` leads to the chain: nothing is logged.',
    instead: 'Call the chain something else.',
    severity: 'warning',
    of: ['chain-hides-target'],
    examples: [{ code: '*filter\n:LOG - [0:0]\n-A LOG -j DROP\n-A INPUT -p icmp -j LOG\nCOMMIT\n', loads: true }],
  },
]);

/** With what stands in their place today; empty where there is nothing. */
const REMOVED: ReadonlyMap<string, string> = new Map([
  ['ULOG', 'NFLOG'],
  ['QUEUE', 'NFQUEUE'],
  ['CLUSTERIP', ''],
  ['MIRROR', ''],
  ['SAME', ''],
  ['unclean', ''],
  ['psd', ''],
  ['--cmd-owner', ''],
  ['--pid-owner', ''],
  ['--sid-owner', ''],
]);

function isDeclaredElsewhere({ tree, text, table }: RefusedPlace): boolean {
  return blocksOf(tree).blocks.some((block) => {
    if (block.table === table) return false;
    const lines = tree.lines.slice(block.start + 1, block.end);
    return lines.some((line) => line.kind === 'chain' && line.name?.value === text && !isHook(text));
  });
}
