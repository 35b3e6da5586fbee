import type { Document } from '../../analysis/document';
import type { Span } from '../../syntax/tree';
import { defineRule, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import type { Suppressions, SuppressionUse } from '../suppress';
import type { SuppressedName, Suppression } from '../suppressions';

export const unusedSuppression = defineRule({
  code: 'unused-suppression',
  title: 'A suppression that silences nothing',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A comment disables a lint rule where that rule finds nothing.',
    why: paragraphs(
      'The ruleset has changed, and the reason that somebody wrote down is no longer one. What remains would silence the',
      'next finding of that kind, which nobody has looked at.',
    ),
    instead: 'Take the comment away, or the code out of it.',
    suppress: 'Where a ruleset is made of a template, and the comment is right in another of its hosts.',
  },
  kernel: [],
  bad: [
    {
      title: 'Port 22 is open again',
      code: `*filter
# chainwalk-disable-next-line ssh-lockout -- administered from the console
#=== silences nothing
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One of two codes',
      code: `*filter
# chainwalk-disable-next-line ssh-lockout, notrack-one-way -- administered from the console
#                                          ^^^^^^^^^^^^^^^ silences nothing
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
      fixed: `*filter
# chainwalk-disable-next-line ssh-lockout -- administered from the console
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One that is needed',
      code: `*filter
# chainwalk-disable-next-line ssh-lockout -- administered from the console
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: {
    suppressions: (suppressions, { document }) => check(document, suppressions),
  },
});

function check(document: Document, suppressions: Suppressions): readonly Report[] {
  const uses = suppressions.uses();
  return suppressions.all.flatMap((suppression) => {
    const own = uses.filter((use) => use.suppression === suppression);
    const unused = own.filter(({ isUsed }) => isUsed === false);
    if (unused.length === 0) return [];
    if (unused.length === own.length) return [report(suppression.span, own, removeComment(document, suppression))];
    return unused.map((use) => report(use.name.span, [use], removeName(suppression, use.name)));
  });
}

function report(span: Span, uses: readonly SuppressionUse[], fix: Fix): Report {
  const names = uses.map(({ name }) => name.text).join(', ');
  const ends = uses[0]?.suppression.kind === 'end';
  const message = ends
    ? `this comment ends nothing: ${names} is not disabled before it`
    : `this comment silences nothing: there is no finding of ${names} where it speaks`;
  return { span, message, related: [], fixes: [fix] };
}

function removeComment(document: Document, { line }: Suppression): Fix {
  const start = document.lineStarts[line] ?? 0;
  const end = document.lineStarts[line + 1] ?? document.text.length;
  return { title: 'Remove the comment', edits: [{ span: { start, end }, text: '' }], safe: true };
}

/** With the comma and the blanks between it and its neighbour. */
function removeName({ names }: Suppression, name: SuppressedName): Fix {
  const index = names.indexOf(name);
  const next = names[index + 1];
  const start = next ? name.span.start : (names[index - 1]?.span.end ?? name.span.start);
  const end = next ? next.span.start : name.span.end;
  return { title: `Take ${name.text} out of the comment`, edits: [{ span: { start, end }, text: '' }], safe: true };
}
