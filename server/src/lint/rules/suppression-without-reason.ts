import { defineRule, paragraphs } from '../define';

export const suppressionWithoutReason = defineRule({
  code: 'suppression-without-reason',
  title: 'A suppression that does not say why',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  offByDefault: true,
  docs: {
    what: 'A comment disables a lint rule, and no reason follows behind `--`.',
    why: paragraphs(
      'The next reader cannot tell whether the finding was looked at, or was in the way. This rule is off by default;',
      'who demands reasons switches it on.',
    ),
    instead: 'Write the reason behind the code: `# chainwalk-disable-next-line CODE -- the reason`.',
    suppress: 'Switch it off again instead.',
  },
  kernel: [],
  bad: [
    {
      title: 'Silenced, and nobody knows why',
      code: `*filter
# chainwalk-disable-next-line ssh-lockout
#=== says no reason
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
      title: 'With its reason; what enables needs none',
      code: `*filter
# chainwalk-disable ssh-lockout -- administered from the console
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
# chainwalk-enable ssh-lockout
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: {
    suppressions: ({ all }) =>
      all
        .filter(({ kind, names, reason }) => kind !== undefined && kind !== 'end' && names.length > 0 && reason === '')
        .map(({ span }) => ({
          span,
          message: 'this suppression says no reason: write it behind "--"',
          related: [],
          fixes: [],
        })),
  },
});
