/** The commands about lint rules, and the words that they take. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type PageAddresses, pagesAt } from '../lint/page-address';
import { SEVERITIES } from '../lint/severities';
import { BASELINE_MODES, type BaselineMode } from './baseline';
import { explainCode } from './explain';
import { LINT_FORMATS, type LintFormat, type LintRequest, lintFiles } from './lint';
import type { RulesetOptions } from './read-ruleset';
import { listRules } from './rules';
import { tableOption } from './table-option';
import type { Terminal } from './terminal';

interface LintWords extends RulesetOptions {
  readonly format: LintFormat;
  readonly minSeverity: LintRequest['minSeverity'];
  readonly rule: readonly string[];
  readonly group: readonly string[];
  readonly suppressions: boolean;
  readonly baseline?: BaselineMode;
  readonly baselineFile?: string;
  readonly fix?: boolean;
  readonly jobs?: number;
  readonly pagesUrl?: PageAddresses;
}

export function addLintCommands(program: Command, terminal: Terminal, done: (exitCode: number) => void): void {
  program
    .command('lint')
    .description('say what is wrong with rulesets; exit 0: nothing, 1: something, 2: could not run')
    .argument('<files...>', 'iptables-save or ip6tables-save files, folders, globs')
    .addOption(new Option('--format <format>', 'how to print').choices(LINT_FORMATS).default('text'))
    .addOption(
      new Option('--min-severity <severity>', 'what is less severe is not told').choices(SEVERITIES).default('hint'),
    )
    .option('--rule <codes>', 'look for these lint rules only; may be repeated', collect, [])
    .option('--group <groups>', 'look for these groups of lint rules only; may be repeated', collect, [])
    .addOption(new Option('--family <family>', 'where the files do not say it').choices(['4', '6']))
    .addOption(tableOption())
    .option('--no-suppressions', 'tell what comments suppress, too')
    .addOption(
      new Option(
        '--baseline <mode> <file>',
        'write: keep what is found now; use: tell what is new; prune: forget what is gone',
      ).choices(BASELINE_MODES),
    )
    .addOption(new Option('--baseline-file <file>').hideHelp())
    .option('--fix', 'make the safe fixes, write the files, and tell what remains')
    .option('--pages-url <url>', 'the folder docs/rules on the web: SARIF leads there', address)
    .option('--jobs <number>', 'how many threads', count)
    .action(async (targets: string[], words: LintWords) => {
      if (words.baseline === undefined || words.baselineFile !== undefined) {
        return done(await lintFiles(requestOf(targets, words), terminal));
      }
      terminal.complain('--baseline needs a mode and a file');
      done(2);
    });
  program
    .command('rules')
    .description('list the lint rules by group')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async ({ format }: { format: 'text' | 'json' }) => done(await listRules(format, terminal)));
  program
    .command('explain')
    .description('print the page of a lint rule')
    .argument('<code>', 'such as notrack-without-untracked')
    .action(async (code: string) => done(await explainCode(code, terminal)));
}

/** `--baseline MODE FILE`: an option of two words, which commander does not know. */
export function lintWords(words: readonly string[]): readonly string[] {
  const at = words.indexOf('--baseline');
  const [mode, file] = words.slice(at + 1, at + 3);
  if (at === -1 || mode === undefined || file === undefined) return words;
  return [...words.slice(0, at), '--baseline', mode, '--baseline-file', file, ...words.slice(at + 3)];
}

function requestOf(targets: readonly string[], words: LintWords): LintRequest {
  const { format, minSeverity, family, table, rule, group, suppressions, baseline, baselineFile } = words;
  const { fix, jobs, pagesUrl } = words;
  return {
    targets,
    format,
    minSeverity,
    rules: rule,
    groups: group,
    suppressions: suppressions ? 'obeyed' : 'ignored',
    fix: fix === true,
    ...(family && { family }),
    ...(table && { table }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(pagesUrl && { pages: pagesUrl }),
    ...(baseline !== undefined && baselineFile !== undefined
      ? { baseline: { mode: baseline, file: baselineFile } }
      : {}),
  };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',')];
}

function address(value: string): PageAddresses {
  const pages = pagesAt(value);
  if (pages === undefined) throw new InvalidArgumentError('an address that begins with https://');
  return pages;
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a number from 1');
  return number;
}
