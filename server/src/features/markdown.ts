/**
 * Markdown, and how a declaration is drawn in it: hover, completion and the documents share it. Text of a ruleset is
 * untrusted; it goes through `code` or `fence`, so that it can never become a link, an image, HTML or a command.
 */
import { protocolName } from '../../../src-sim/net/protocol';
import { HOOKS } from '../../../src-sim/netfilter/hook';
import type { Extension, OptionDeclaration } from '../../../src-sim/xt/define';
import { BUILTIN } from '../../../src-sim/xt/registry';

/** A code span that its text cannot end. CommonMark §6.1: the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const oneLine = text.replaceAll(/[\r\n]+/g, ' ');
  const fenceText = '`'.repeat(longestBacktickRun(oneLine) + 1);
  const pad = oneLine.startsWith('`') || oneLine.endsWith('`') ? ' ' : '';
  return oneLine === '' ? '` `' : `${fenceText}${pad}${oneLine}${pad}${fenceText}`;
}

/** A code block that its text cannot end. */
export function fence(language: 'iptables' | 'nf-conntrack', text: string): string {
  const ticks = '`'.repeat(Math.max(3, longestBacktickRun(text) + 1));
  return `${ticks}${language}\n${text}\n${ticks}`;
}

export function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

/** A match or a target, whole: what it is, its options, where it may stand, examples. */
export function describeExtension(extension: Extension): string {
  return paragraphs(
    `**${extension.kind}** ${code(extension.name)}`,
    extension.summary,
    describeOptions(extension),
    extension.details,
    describePlace(extension),
    describeExamples(extension),
    describeKernel(extension),
  );
}

/** One option of an extension. */
export function describeOption(extension: Extension, name: string, declaration: OptionDeclaration): string {
  return paragraphs(
    describeOptionBriefly(extension, name, declaration),
    describeLimits(declaration),
    describeChoices(declaration),
    describeKernel(extension),
  );
}

/** Its first two lines, for where something else is to be said. */
export function describeOptionBriefly(extension: Extension, name: string, declaration: OptionDeclaration): string {
  const owner =
    extension === BUILTIN
      ? 'a condition that needs no `-m`'
      : `option of the ${extension.kind} ${code(extension.name)}`;
  return paragraphs(`${code(optionUsage(name, declaration))} — ${owner}`, declaration.summary);
}

/** `[!] -s, --source <address>`; what a manual page shows. */
export function optionUsage(name: string, declaration: OptionDeclaration): string {
  const invert = declaration.invert ? '[!] ' : '';
  const short = declaration.short === undefined ? '' : `-${declaration.short}, `;
  const value = declaration.type.words === 0 ? '' : ` <${declaration.type.name}>`;
  return `${invert}${short}--${name}${value}`;
}

function describeOptions(extension: Extension): string {
  const rows = Object.entries(extension.options).map(
    ([name, declaration]) => `${code(optionUsage(name, declaration))} — ${declaration.summary}`,
  );
  return bullets(rows);
}

function describeLimits({ invert, required, excludes, requires, hooks }: OptionDeclaration): string {
  return [
    invert ? '`!` before it means the contrary.' : '',
    required ? 'It must be given.' : '',
    excludes.length > 0 ? `Not together with ${anyOf(excludes.map(optionName))}.` : '',
    requires === undefined ? '' : `Only together with ${anyOf(requires.map(optionName))}.`,
    hooks === undefined ? '' : `Only for packets of ${anyOf(hooks)}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** More choices than this are for completion, not for reading. */
const MOST_CHOICES = 12;

function describeChoices({ type }: OptionDeclaration): string {
  const { choices = [] } = type;
  if (choices.length > MOST_CHOICES) return '';
  return bullets(choices.map(({ text, summary }) => `${code(text)} — ${summary}`));
}

function describePlace({ tables, hooks, protocols, kind }: Extension): string | undefined {
  const places = [
    tables === undefined ? '' : `in the table ${anyOf(tables)}`,
    hooks === undefined || hooks.length === HOOKS.length ? '' : `for packets of ${anyOf(hooks)}`,
    protocols === undefined ? '' : `with ${anyOf(protocols.map((number) => `-p ${protocolName(number)}`))}`,
  ].filter((place) => place !== '');
  return places.length === 0 ? undefined : `This ${kind} may stand only ${places.join(', ')}.`;
}

function optionName(name: string): string {
  return `--${name}`;
}

/** `a`, `b` or `c`, as code. */
function anyOf(names: readonly string[]): string {
  const spans = names.map(code);
  const last = spans.pop() ?? '';
  return spans.length === 0 ? last : `${spans.join(', ')} or ${last}`;
}

const MOST_EXAMPLES = 4;

/** Rules as iptables-save prints them. */
function describeExamples({ examples }: Extension): string | undefined {
  const accepted = examples.flatMap((example) => (example.kind === 'accepted' ? [example.saved] : []));
  const rules = [...new Set(accepted)].filter((rule) => rule !== '').slice(0, MOST_EXAMPLES);
  return rules.length === 0 ? undefined : fence('iptables', rules.join('\n'));
}

function describeKernel({ kernel }: Extension): string {
  return `Kernel: ${code(kernel)}`;
}

function longestBacktickRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
