/**
 * Markdown, and how a declaration is drawn in it: hover, completion and the documents share it. Text of a ruleset is
 * untrusted; it goes through `code` or `fence`, so that it can never become a link, an image, HTML or a command.
 */
import type { Example, Extension, OptionDeclaration } from '../../../src-sim/xt/define';

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

/** Plain words in Markdown: nothing of `text` is markup. */
export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>&~$]/g, String.raw`\$&`).replaceAll(/[\r\n]+/g, ' ');
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
  const notes = [
    declaration.invert ? '`!` before it means the contrary.' : undefined,
    declaration.required ? 'It must be given.' : undefined,
    declaration.excludes.length > 0
      ? `Not together with ${declaration.excludes.map((other) => code(`--${other}`)).join(', ')}.`
      : undefined,
    declaration.hooks === undefined ? undefined : `Only where packets come from ${declaration.hooks.join(', ')}.`,
  ].filter((note) => note !== undefined);
  return paragraphs(
    `${code(optionUsage(name, declaration))} — option of the ${extension.kind} ${code(extension.name)}`,
    declaration.summary,
    notes.join(' '),
    describeChoices(declaration),
    describeKernel(extension),
  );
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

function describeChoices({ type }: OptionDeclaration): string {
  return bullets((type.choices ?? []).map(({ text, summary }) => `${code(text)} — ${summary}`));
}

function describePlace({ tables, hooks, protocols, kind }: Extension): string | undefined {
  const places = [
    tables === undefined ? undefined : `in the table ${tables.map(code).join(' or ')}`,
    hooks === undefined ? undefined : `for packets of ${hooks.map(code).join(', ')}`,
    protocols === undefined ? undefined : 'with the protocol it needs named by `-p`',
  ].filter((place) => place !== undefined);
  return places.length === 0 ? undefined : `This ${kind} may stand only ${places.join(', ')}.`;
}

const MOST_EXAMPLES = 4;

function describeExamples(extension: Extension): string | undefined {
  const rules = [...new Set(extension.examples.filter(isGood).map(({ rule }) => rule))].slice(0, MOST_EXAMPLES);
  return rules.length === 0 ? undefined : fence('iptables', rules.join('\n'));
}

function isGood(example: Example): boolean {
  return example.kind !== 'refused';
}

function describeKernel({ kernel }: Extension): string {
  return `Kernel: ${code(kernel)}`;
}

function longestBacktickRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
