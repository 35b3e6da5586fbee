import { type Document, spanInDocument } from '../../analysis/document';
import type { CommandLine, MatchPart, OptionPart, Span } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { TextEdit } from '../finding';

export const stateModuleDeprecated = defineRule({
  code: 'state-module-deprecated',
  title: '`-m state` is the old word for `-m conntrack`',
  severity: 'hint',
  group: 'deprecated',
  proof: 'text',
  docs: {
    what: 'Rules ask for a state by `-m state --state`. The first of a file is marked, and speaks for the others.',
    why: paragraphs(
      'The module `state` has been an alias of `conntrack` since Linux 3.7 and runs the same code. It knows neither `SNAT`',
      'nor `DNAT`, and nothing beside the state; new kernels may be built without it.',
    ),
    instead: '`-m conntrack --ctstate` with the same list.',
    suppress: 'Where the file must load on kernels of the 2.4 series.',
  },
  kernel: ['net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'The rule that everybody copies',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
#        ^^^^^^^^ -m conntrack --ctstate
-A INPUT -p tcp -m state ! --state INVALID -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m conntrack ! --ctstate INVALID -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'With counters, in the long form',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
[10:840] -A INPUT --match state --state=NEW -p tcp --dport 22 -j ACCEPT
#                 ^^^^^^^^^^^^^ -m conntrack --ctstate
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
[10:840] -A INPUT --match conntrack --ctstate=NEW -p tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The word of today',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "-m state --state" -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** One finding for a file: who writes the old word writes it everywhere. */
function check({ document, ruleset }: LintContext): readonly Report[] {
  const numbers = new Set(
    ruleset.tables
      .flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))
      .filter(({ matches }) => matches.some(({ name }) => name === OLD))
      .map(({ line }) => line),
  );
  const uses = [...numbers].sort((a, b) => a - b).flatMap((number) => usesIn(document, number));
  const [first] = uses;
  if (first === undefined) return [];
  const edits = uses.flatMap((use) => use.edits);
  const others = uses.length === 1 ? '' : ` ${uses.length} rules of this file say so.`;
  const title = uses.length === 1 ? NEW_WORDS : `${NEW_WORDS} in ${uses.length} rules`;
  return [
    {
      span: first.span,
      message: `\`-m state --state\` is an old alias: write \`-m conntrack --ctstate\`.${others}`,
      related: [],
      fixes: edits.length > 0 ? [{ title, edits, safe: true }] : [],
    },
  ];
}

const OLD = 'state';
const NEW_WORDS = 'Write -m conntrack --ctstate';

interface OldWord {
  readonly span: Span;
  readonly edits: readonly TextEdit[];
}

function usesIn(document: Document, number: number): readonly OldWord[] {
  const line = document.tree.lines[number];
  if (line?.kind !== 'command') return [];
  const at = ({ start, end }: Span) => spanInDocument(document, number, { start, end });
  return line.parts.flatMap((part, index) => {
    if (part.kind !== 'match' || part.name?.value !== OLD) return [];
    const edits = renamed(line, part, index).map(({ span, text }) => ({ span: at(span), text }));
    return [{ span: at({ start: part.flag.span.start, end: part.name.span.end }), edits }];
  });
}

function renamed(line: CommandLine, match: MatchPart, index: number): readonly TextEdit[] {
  const options = line.parts.filter(
    (part): part is OptionPart => part.kind === 'option' && part.owner === index && part.option === 'state',
  );
  const [option] = options;
  if (match.name === undefined || option === undefined || options.length !== 1) return [];
  // `--state=NEW` is one word.
  const [flag = ''] = line.text.slice(option.flag.span.start, option.flag.span.end).split('=');
  const { start } = option.flag.span;
  return [
    { span: match.name.span, text: 'conntrack' },
    { span: { start, end: start + flag.length }, text: '--ctstate' },
  ];
}
