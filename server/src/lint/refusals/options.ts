/** Options: given twice, against each other, or with a `!` where none may stand. */
import { defineRefusals, edit, extensionAt, optionAt, partsAt, type RefusalFix, type RefusedPlace } from './define';

export const OPTION_REFUSALS = defineRefusals([
  {
    code: 'negation-position',
    title: 'A "!" behind its option',
    why: 'Until 1.4 the `!` stood before the value. Now it stands before the option, and behind it would be the value.',
    instead: 'Write `! -s 10.0.0.1`.',
    of: ['misplaced-bang'],
    fix: bangBefore,
    examples: [
      {
        code: '*filter\n-A INPUT -s ! 192.0.2.1 -j DROP\nCOMMIT\n',
        fixed: '*filter\n-A INPUT ! -s 192.0.2.1 -j DROP\nCOMMIT\n',
      },
      {
        code: '*filter\n-A INPUT -p tcp --dport ! 22 -j DROP\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp ! --dport 22 -j DROP\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'any-address-negated',
    title: 'No address at all',
    why: '`! -s 0.0.0.0/0` never matches. iptables-legacy loads the rule all the same, iptables-nft refuses it.',
    instead: 'Delete the rule, or name the network that is meant.',
    of: ['refused'],
    when: ({ problem }) => problem.message.includes('before every address'),
    examples: [{ code: '*filter\n-A INPUT ! -s 0.0.0.0/0 -j DROP\nCOMMIT\n', refusedBy: 'nft' }],
  },
  {
    code: 'negation-impossible',
    title: 'What cannot be negated',
    why: 'Some options have no opposite (`--limit`), and some opposites would match nothing (`! -p all`) or several things at once (`! -s` with a list).',
    instead: 'Write two rules, or a match that has the opposite: `hashlimit --hashlimit-above`.',
    of: ['cannot-invert', 'refused', 'stray-bang'],
    when: ({ problem }) => problem.code !== 'refused' || /never match|! cannot stand/.test(problem.message),
    examples: [
      { code: '*filter\n-A INPUT ! -p all -j DROP\nCOMMIT\n' },
      { code: '*filter\n-A INPUT -m limit ! --limit 5/sec -j DROP\nCOMMIT\n' },
      { code: '*filter\n-A INPUT ! -s 192.0.2.1,192.0.2.2 -j DROP\nCOMMIT\n' },
    ],
  },
  {
    code: 'recent-set-seconds',
    title: 'Seconds for what is only noted',
    why: '`--set` notes the address, whenever it was seen before: `--seconds` goes with `--rcheck` and `--update`. `--test` does not see it.',
    instead: 'Note by one rule, look by another.',
    of: ['excluded-option'],
    when: (at) =>
      extensionAt(at) === 'recent' &&
      partsAt(at).some((part) => part.kind === 'option' && part.option === 'set') &&
      /seconds|set/.test(optionAt(at) ?? '') &&
      at.problem.message.includes('seconds'),
    examples: [{ code: '*filter\n-A INPUT -p tcp -m recent --set --seconds 60 -j DROP\nCOMMIT\n' }],
  },
  {
    code: 'option-twice',
    title: 'An option that is given twice',
    why: 'Each option stands once in a rule, and a rule has one target.',
    instead: 'Write two rules.',
    of: ['repeated-option', 'two-commands'],
    examples: [
      { code: '*filter\n-A INPUT -p tcp -p udp -j ACCEPT\nCOMMIT\n' },
      { code: '*filter\n-A INPUT -i lo -j LOG -j DROP\nCOMMIT\n' },
    ],
  },
  {
    code: 'option-conflict',
    title: 'Options that exclude each other',
    why: 'One of them is asked for, not both.',
    instead: 'Keep one, or write two rules.',
    of: ['excluded-option'],
    examples: [
      { code: '*filter\n-A INPUT -p tcp -m recent --rcheck --update -j DROP\nCOMMIT\n' },
      {
        code: '*filter\n-A INPUT -m hashlimit --hashlimit-upto 1/sec --hashlimit-above 9/sec --hashlimit-name a -j DROP\nCOMMIT\n',
      },
    ],
  },
]);

function bangBefore(at: RefusedPlace): RefusalFix | undefined {
  const { part, line, problem } = at;
  if (part?.kind !== 'option') return undefined;
  const { start, end } = problem.span;
  const gap = /^[ \t]*/.exec(line.text.slice(end))?.[0].length ?? 0;
  const before = part.flag.span.start;
  const edits = [edit(at, { start: before, end: before }, '! '), edit(at, { start, end: end + gap }, '')];
  return { title: 'Put the ! before the option', edits, safe: true };
}
