/** docs/extensions.md: every match and target, from its declaration, and what the simulator makes of it, from its source. */
import { code, optionUsage } from '../../server/src/features/markdown';
import { protocolName } from '../../src-sim/net/protocol';
import { HOOKS } from '../../src-sim/netfilter/hook';
import type { Extension, OptionDeclaration } from '../../src-sim/xt/define';
import { BUILTIN, EXTENSIONS } from '../../src-sim/xt/registry';
import { sourceFiles } from './source-files';

export function extensionsPage(): string {
  const sources = sourcesByExtension();
  const entries = EXTENSIONS.map((extension) => ({ extension, status: statusOf(sources.get(keyOf(extension)) ?? '') }));
  const count = (kind: Status['kind']) => entries.filter(({ status }) => status.kind === kind).length;
  return [
    '# Matches and targets',
    '',
    `${EXTENSIONS.length} are declared, each in one file of \`src-sim/xt/\`. The simulator decides ${count('simulated')} of them as`,
    `the kernel does, ${count('partly')} but for what is said beside them, and ${count('undecided')} it leaves to whoever asks.`,
    'How far that is the kernel, measured: [fidelity.md](fidelity.md).',
    '',
    '| name | kind | families | tables | hooks | simulator |',
    '| --- | --- | --- | --- | --- | --- |',
    ...entries.map(({ extension, status }) => indexRow(extension, status)),
    '',
    ...entries.flatMap(({ extension, status }) => section(extension, status)),
  ]
    .join('\n')
    .trimEnd();
}

interface Status {
  readonly kind: 'simulated' | 'partly' | 'undecided';
  readonly why: readonly string[];
}

function keyOf({ kind, name }: Extension): string {
  return `${kind} ${name}`;
}

/** The part of the source that declares an extension. */
function sourcesByExtension(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { text } of sourceFiles(['src-sim/xt'], ['.ts'])) {
    const parts = text.split(/^(?=export const \w+(?:: \w+)? = define(?:Match|Target)\()/m);
    const [shared = ''] = parts;
    for (const part of parts.slice(1)) {
      const head = /define(Match|Target)\(\{\s*name: '([^']+)'/.exec(part);
      // A note of what files have in common belongs to each of its extensions.
      if (head) found.set(`${head[1]?.toLowerCase()} ${head[2]}`, `${part}\n${deviationsIn(shared).join('\n')}`);
    }
  }
  return found;
}

/** What the source itself says: where it answers that it cannot be sure, and its notes of what differs. */
function statusOf(source: string): Status {
  const whole = /\b(?:matches|apply): \(\) => \(\{ kind: 'unsure', reason: '([^']*)'/.exec(source);
  if (whole) return { kind: 'undecided', why: [whole[1] ?? ''] };
  const unsure = [...source.matchAll(/kind: 'unsure', reason: '([^']*)'/g)].map(([, reason = '']) => reason);
  const why = [...new Set([...unsure, ...deviationsIn(source).map((note) => note.replace(/^@deviates /, ''))])];
  const asks =
    /kind: 'unsure'/.test(source) && unsure.length === 0 ? ['what the scenario does not say is left open'] : [];
  const reasons = [...why, ...asks];
  return { kind: reasons.length === 0 ? 'simulated' : 'partly', why: reasons };
}

function deviationsIn(text: string): readonly string[] {
  return [...text.matchAll(/@deviates (?:.|\n \* (?!@))*?(?=\s*\*\/|\n(?! \*)|\n \* @|\n \*\n)/g)].map(([note]) =>
    note.replace(/\s*\n\s*\*\s*/g, ' ').trim(),
  );
}

function indexRow(extension: Extension, { kind, why }: Status): string {
  const cells = [
    `[${extension.name}](#${anchorOf(extension)})`,
    extension === BUILTIN ? 'built in' : extension.kind,
    extension.families.join(', '),
    extension.tables?.join(', ') ?? 'all',
    hooksOf(extension) ?? 'all',
    statusText({ kind, why }),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function statusText({ kind, why }: Status): string {
  if (kind === 'simulated') return 'simulated';
  return `${kind === 'partly' ? 'partly' : 'not decided'}: ${why.join('; ')}`;
}

/** As GitHub makes it of the heading. */
function anchorOf(extension: Extension): string {
  return `${extension.kind}-${extension.name.toLowerCase()}`;
}

function hooksOf({ hooks }: Extension): string | undefined {
  return hooks === undefined || hooks.length === HOOKS.length ? undefined : hooks.join(', ');
}

function section(extension: Extension, status: Status): readonly string[] {
  const { kind, name, summary, details, kernel, aliases = [], protocols, options } = extension;
  const facts = [
    ...(aliases.length > 0 ? [`also called ${aliases.map(code).join(', ')}`] : []),
    ...(protocols ? [`only with ${protocols.map((one) => code(`-p ${protocolName(one)}`)).join(' or ')}`] : []),
    `kernel: ${code(kernel)}`,
    `simulator: ${statusText(status)}`,
  ];
  const rows = Object.entries(options).map(([option, declaration]) => optionRow(option, declaration));
  return [
    `## ${kind} ${name}`,
    '',
    summary,
    '',
    ...(details === undefined ? [] : [details, '']),
    ...facts.map((fact) => `- ${fact}`),
    '',
    ...(rows.length === 0 ? [] : ['| option | meaning |', '| --- | --- |', ...rows, '']),
  ];
}

/** More choices than this are for completion, not for reading. */
const MOST_CHOICES = 16;

function optionRow(name: string, declaration: OptionDeclaration): string {
  const { aliases, excludes, requires, required, hooks, summary, type } = declaration;
  const choices = type.choices ?? [];
  const limits = [
    ...(required ? ['Must be given.'] : []),
    ...(aliases.length > 0 ? [`Also ${aliases.map((alias) => code(`--${alias}`)).join(', ')}.`] : []),
    ...(excludes.length > 0 ? [`Not with ${excludes.map((other) => code(`--${other}`)).join(', ')}.`] : []),
    ...(requires ? [`Only with ${requires.map((other) => code(`--${other}`)).join(' or ')}.`] : []),
    ...(hooks ? [`Only at ${hooks.join(', ')}.`] : []),
    ...(choices.length > 0 && choices.length <= MOST_CHOICES
      ? [`One of ${choices.map(({ text }) => code(text)).join(', ')}.`]
      : []),
  ];
  const cells = [code(optionUsage(name, declaration)), [summary, ...limits].join(' ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
