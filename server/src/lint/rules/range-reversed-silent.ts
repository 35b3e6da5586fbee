import { addressValue } from '../../../../src-sim/net/address';
import type { Json } from '../../../../src-sim/netfilter/ruleset';
import type { Document } from '../../analysis/document';
import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, type RuleLine, replaceIn, reportAt, ruleLines, valueSpan } from '../rule-lines';

export const rangeReversedSilent = defineRule({
  code: 'range-reversed-silent',
  title: 'A range that runs backwards',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`--src-range`, `--dst-range`, `--length` or the ports of UDP from the larger to the smaller, or `--datestart`',
      'behind `--datestop`.',
    ),
    why: paragraphs(
      'iptables takes it without a word, and the kernel finds nothing in it: the rule never matches, and with a `!`',
      'always does. (TCP ports that run backwards are refused.)',
    ),
    instead: 'Swap the ends.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_iprange.c:iprange_mt4', 'net/netfilter/xt_length.c:length_mt'],
  bad: [
    {
      title: 'From nine to one',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m iprange --src-range 10.0.0.9-10.0.0.1 -j ACCEPT
#                               ^^^^^^^^^^^^^^^^^ never matches
-A INPUT -m length ! --length 1500:100 -j DROP
#                             ^^^^^^^^ always
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT
-A INPUT -m length ! --length 100:1500 -j DROP
COMMIT
`,
    },
    {
      title: 'Ports of UDP, where those of TCP would be refused',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 20000:10000 -j ACCEPT
#                              ^^^^^^^^^^^ never matches
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 10000:20000 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A year too early',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m time --datestart 2026-12-31 --datestop 2026-01-01 -j ACCEPT
#                                                  ^^^^^^^^^^ never matches
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Forwards',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT
-A INPUT -m length --length 100:1500 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Over midnight is no mistake',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m time --timestart 22:00 --timestop 06:00 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const RANGES = [
  { match: 'iprange', options: ['src-range', 'dst-range'], separator: '-' },
  { match: 'length', options: ['length'], separator: ':' },
  // Those of the other protocols are refused.
  { match: 'udp', options: ['sport', 'dport'], separator: ':' },
  { match: 'dccp', options: ['sport', 'dport'], separator: ':' },
] as const;

function check({ document }: LintContext): readonly Report[] {
  const ranges = RANGES.flatMap(({ match, options, separator }) =>
    ruleLines(document)
      .matching(match)
      .flatMap((rule) =>
        options.flatMap((option) => {
          const part = optionOf(matchOf(rule, match), option);
          return part && isReversed(part.value) ? [report(document, rule, part, separator)] : [];
        }),
      ),
  );
  return [...ranges, ...reversedDates(document)];
}

function report(document: Document, rule: RuleLine, part: OptionPart, separator: string): Report {
  const [from = '', to = ''] = (part.words[0]?.value ?? '').split(separator);
  const swapped = `${to}${separator}${from}`;
  const span = valueSpan(part);
  const edits = [replaceIn(document, rule.number, span, swapped)];
  const fix = { title: `Write ${swapped}`, edits, safe: true, scope: { kind: 'packets', of: {} } as const };
  const fate = part.bang ? 'the rule always matches' : 'the rule never matches';
  return reportAt(document, rule, span, `the range runs backwards, and ${fate}: write ${swapped}.`, { fixes: [fix] });
}

function reversedDates(document: Document): readonly Report[] {
  return ruleLines(document)
    .matching('time')
    .flatMap((rule) => {
      const use = matchOf(rule, 'time');
      const [start, stop] = [optionOf(use, 'datestart'), optionOf(use, 'datestop')];
      if (typeof start?.value !== 'string' || typeof stop?.value !== 'string' || start.value <= stop.value) return [];
      return [reportAt(document, rule, valueSpan(stop), 'it ends before it begins: the rule never matches.')];
    });
}

function isReversed(span: Json | undefined): boolean {
  if (typeof span !== 'object' || span === null || !('min' in span) || !('max' in span)) return false;
  const { min, max } = span;
  if (typeof min === 'number' && typeof max === 'number') return min > max;
  return typeof min === 'string' && typeof max === 'string' && addressValue(min) > addressValue(max);
}
