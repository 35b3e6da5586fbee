import { closest, didYouMean } from '../../syntax/suggest';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { SUPPRESSION_WORDS, type SuppressedName, type Suppression } from '../suppressions';

export const unknownSuppression = defineRule({
  code: 'unknown-suppression',
  title: 'A suppression that names no lint rule',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A `# chainwalk-…` comment is not understood: its word is none of `disable-next-line`, `disable`, `enable` and',
      '`disable-file`, or it names neither a lint rule, nor a group of them, nor `all`.',
    ),
    why: 'It silences nothing, and whoever wrote it believes that it does.',
    instead: 'Write the code as it stands behind the finding. What iptables refuses cannot be silenced.',
    suppress: 'Where the file is read by another release of Chainwalk, too, which has that rule.',
  },
  kernel: [],
  bad: [
    {
      title: 'A misspelt code',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
# chainwalk-disable-next-line ssh-lokout -- administered from the console
#                             ^^^^^^^^^^ did you mean "ssh-lockout"?
-A INPUT -i lo -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
# chainwalk-disable-next-line ssh-lockout -- administered from the console
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Another word, and no code at all',
      code: `*filter
# chainwalk-disable-nextline ssh-lockout
#           ^^^^^^^^^^^^^^^^ did you mean "disable-next-line"?
# chainwalk-disable -- everything
#           ^^^^^^^ names no lint rule
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A rule, a group, and all of them',
      code: `# chainwalk-disable-file ssh-lockout, order -- administered from the console
*filter
# chainwalk-disable all -- written by another program
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
# chainwalk-enable all
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: {
    suppressions: ({ all }, context) => all.flatMap((suppression) => check(suppression, context)),
  },
});

function check({ kind, word, names }: Suppression, { suppressible }: LintContext): readonly Report[] {
  if (kind === undefined) {
    return [report(word, Object.keys(SUPPRESSION_WORDS), 'is no word of a suppression')];
  }
  if (names.length === 0) {
    const message = `this comment names no lint rule: write the code that it silences, or a group, behind "${word.text}"`;
    return [{ span: word.span, message, related: [], fixes: [] }];
  }
  return names
    .filter(({ text }) => !suppressible.includes(text))
    .map((name) => report(name, suppressible, 'is neither a lint rule nor a group of them'));
}

function report({ text, span }: SuppressedName, known: readonly string[], what: string): Report {
  const meant = closest(text, known);
  const fixes: readonly Fix[] =
    meant === undefined
      ? []
      : [{ title: `Write ${meant}`, edits: [{ span, text: meant }], safe: false, scope: { kind: 'nothing' } }];
  return { span, message: `"${text}" ${what}${didYouMean(text, known)}`, related: [], fixes };
}
