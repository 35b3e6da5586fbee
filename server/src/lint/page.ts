/** The page of a lint rule, as Markdown: docs/rules, the command line and the editor show the same. */
import { printPacketLine } from '../../../src-sim/sim/packet-line';
import { simulate } from '../../../src-sim/sim/simulator';
import type { PacketResult } from '../../../src-sim/sim/trace';
import { createDocument } from '../analysis/document';
import { lower } from '../analysis/lower';
import type { BadExample, GoodExample, LintRule } from './define';
import { readExample } from './example';
import { exampleFindings } from './example-findings';
import { applyEdits, type Finding, type Fix, type TextEdit, type Witness } from './finding';

export function rulePage(rule: LintRule): string {
  return sections(
    `# ${rule.title}`,
    `\`${rule.code}\` · ${rule.severity} · group \`${rule.group}\``,
    rule.docs.what,
    '## Why it matters',
    rule.docs.why,
    rule.kernel.length === 0 ? undefined : `In the kernel: ${rule.kernel.map((place) => `\`${place}\``).join(', ')}.`,
    '## What to do instead',
    rule.docs.instead,
    '## What is found',
    ...rule.bad.map((example) => badExample(rule, example)),
    '## What is right',
    ...rule.good.map(goodExample),
    '## When to suppress it',
    rule.docs.suppress,
    'In the file, on a line of its own above the rule:',
    fence(`# chainwalk-disable-next-line ${rule.code} -- why it is right here`),
    `For good: the setting \`chainwalk.lint.${rule.code}\`, \`"off"\`.`,
  );
}

function badExample(rule: LintRule, example: BadExample): string {
  const { title, code } = example;
  const { text } = readExample(code);
  const findings = exampleFindings(rule, text, example);
  return sections(
    `### ${title}`,
    fence(text),
    besideText(example),
    ...findings.map((finding) => describeFinding(rule, text, finding)),
  );
}

function goodExample(example: GoodExample): string {
  return sections(`### ${example.title}`, fence(example.code), besideText(example));
}

/** What stands beside the ruleset, where that matters. */
function besideText({ beside = {} }: GoodExample): string {
  const { twin, ipsets, sysctl } = beside;
  return sections(
    twin && sections('Beside it, for the other address family:', fence(twin.text)),
    ipsets && sections('Beside it, from `ipset save`:', fence(ipsets, '')),
    sysctl && sections('Beside it, in a `sysctl.conf`:', fence(sysctl, '')),
  );
}

function describeFinding(rule: LintRule, text: string, finding: Finding): string {
  const { severity, message, witness, fixes, span } = finding;
  const level = severity === rule.severity ? '' : `, ${severity}`;
  const place = `line ${lineOf(text, span.start)}, \`${text.slice(span.start, span.end)}\`${level}`;
  return sections(
    `> **${place}:** ${message}`,
    witness && sections('The packets that show it, as the simulator sees them:', fence(traceText(text, witness), '')),
    ...fixes.map((fix) => describeFix(text, fix, witness)),
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function describeFix(text: string, { title, edits, safe }: Fix, witness: Witness | undefined): string {
  const fixed = applyEdits(text, edits);
  const saved = witness && lastFate(fixed, witness);
  const how = safe ? 'Safe: it changes no verdict.' : 'To be looked at: it lets through what the finding is about.';
  return sections(
    `**Quick fix: ${title}.** ${how}`,
    fence(changedLines(text, edits), 'diff'),
    saved && `With it the packet above is ${saved}.`,
  );
}

/** Whole lines that edits touch, and those edits. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly edits: readonly TextEdit[];
}

/** The lines that were, and what stands there instead; edits of one line are told together. */
function changedLines(text: string, edits: readonly TextEdit[]): string {
  const hunks: Hunk[] = [];
  for (const edit of edits) {
    const last = hunks.at(-1);
    const next = hunkOf(text, edit);
    const joins = last !== undefined && next.start < last.end && next.start !== next.end;
    if (!joins) hunks.push(next);
    else hunks.splice(-1, 1, { start: last.start, end: Math.max(last.end, next.end), edits: [...last.edits, edit] });
  }
  return hunks.map((hunk) => hunkLines(text, hunk)).join('\n');
}

function hunkOf(text: string, edit: TextEdit): Hunk {
  const { span, text: inserted } = edit;
  if (span.start === span.end && inserted.endsWith('\n')) return { ...span, edits: [edit] };
  const newline = text.indexOf('\n', Math.max(span.start, span.end - 1));
  return {
    start: text.lastIndexOf('\n', span.start - 1) + 1,
    end: newline === -1 ? text.length : newline + 1,
    edits: [edit],
  };
}

function hunkLines(text: string, { start, end, edits }: Hunk): string {
  const moved = edits.map(({ span, text: inserted }) => ({
    span: { start: span.start - start, end: span.end - start },
    text: inserted,
  }));
  const before = text.slice(start, end);
  return [...marked('-', before), ...marked('+', applyEdits(before, moved))].join('\n');
}

function marked(sign: string, lines: string): readonly string[] {
  return lines === ''
    ? []
    : lines
        .trimEnd()
        .split('\n')
        .map((line) => `${sign} ${line}`);
}

function traceText(text: string, witness: Witness): string {
  const { packets } = run(text, witness);
  return witness.packets
    .flatMap((packet, index) => [printPacketLine(packet), ...wayOf(packets[index]).map((line) => `    ${line}`)])
    .join('\n');
}

/** Conntrack's opinion, the kernel's trace, and the end. */
function wayOf(result: PacketResult | undefined): readonly string[] {
  if (result === undefined) return [];
  const state = result.steps.find((step) => step.kind === 'conntrack')?.state;
  return [...(state === undefined ? [] : [`conntrack: ${state}`]), ...result.trace, fateText(result)];
}

function fateText({ fate }: PacketResult): string {
  switch (fate.kind) {
    case 'sent':
      return `sent by ${fate.device}`;
    case 'delivered':
      return `delivered to ${fate.to}`;
    case 'dropped':
    case 'rejected':
      return `${fate.kind} by ${fate.where}`;
    case 'held':
      return fate.reason;
    case 'done':
      return fate.text;
  }
}

function lastFate(text: string, witness: Witness): string | undefined {
  const result = run(text, witness).packets[witness.victim];
  return result && fateText(result);
}

function run(text: string, { host, packets }: Witness): { readonly packets: readonly PacketResult[] } {
  return simulate(lower(createDocument(text).tree), { host, packets });
}

function fence(text: string, language = 'iptables'): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

function sections(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}
