/** `chainwalk lint FILE…`: what is wrong with rulesets, for people and for programs. */
import type { Severity } from '../lint/finding';
import { RULE_GROUPS } from '../lint/groups';
import type { PageAddresses } from '../lint/page-address';
import { LINT_RULES } from '../lint/registry';
import { severityRank } from '../lint/severities';
import { didYouMean } from '../syntax/suggest';
import {
  type BaselineMode,
  baselineOf,
  baselineSize,
  printBaseline,
  prunedBaseline,
  readBaseline,
  withBaseline,
} from './baseline';
import { sarifReport } from './format-sarif';
import { githubReport, jsonReport, junitReport, textReport } from './format-text';
import type { FileReport, LintTask } from './lint-report';
import { findTargets } from './lint-targets';
import { lintAll, threadCount } from './lint-workers';
import type { RulesetOptions } from './read-ruleset';
import { printable } from './style';
import type { Terminal } from './terminal';

export const LINT_FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const;

export type LintFormat = (typeof LINT_FORMATS)[number];

export interface LintRequest extends RulesetOptions {
  /** Names, folders, globs. */
  readonly targets: readonly string[];
  readonly format: LintFormat;
  readonly minSeverity: Severity;
  /** Where either names something, only that is looked for. */
  readonly rules: readonly string[];
  readonly groups: readonly string[];
  readonly suppressions: LintTask['suppressions'];
  readonly fix: boolean;
  readonly jobs?: number;
  /** Where the pages of lint rules are on the web; SARIF leads there. */
  readonly pages?: PageAddresses;
  readonly baseline?: { readonly mode: BaselineMode; readonly file: string };
}

/** @returns 0 where nothing was found, 1 where something was, 2 where a file could not be read or the words make no sense. */
export async function lintFiles(request: LintRequest, terminal: Terminal): Promise<number> {
  const unknown = unknownNames(request);
  if (unknown !== undefined) {
    terminal.complain(unknown);
    return 2;
  }
  const { files, empty } = await findTargets(request.targets, terminal);
  for (const word of empty) terminal.complain(`${printable(word)}: no ruleset there`);
  const reports = await lintTargets(files, request, terminal);
  const isWhole = empty.length === 0 && reports.every(({ failure }) => failure === undefined);
  const told = await applyBaseline(reports, request, terminal);
  if (told === undefined) return 2;
  const worth = told.map((report) => worthTelling(report, request.minSeverity));
  if (request.baseline?.mode !== 'write') await terminal.write(PRINT[request.format](worth, request, terminal));
  if (!isWhole) return 2;
  return worth.some(({ results }) => results.some(({ suppressed }) => suppressed === undefined)) ? 1 : 0;
}

type Printer = (reports: readonly FileReport[], request: LintRequest, terminal: Terminal) => string;

const PRINT: Readonly<Record<LintFormat, Printer>> = {
  text: (reports, _request, { color }) => textReport(reports, color),
  json: jsonReport,
  sarif: (reports, { pages }) => sarifReport(reports, pages),
  github: githubReport,
  junit: junitReport,
};

async function lintTargets(
  files: readonly string[],
  request: LintRequest,
  terminal: Terminal,
): Promise<readonly FileReport[]> {
  const { family, table, suppressions, fix } = request;
  const only = chosenRules(request);
  const told = { ...(family && { family }), ...(table && { table }), ...(only && { only }) };
  const tasks = files.map((file) => ({ file, suppressions, fix, ...told }));
  let done = 0;
  const progress = () => terminal.progress(`linted ${done} of ${files.length} files`);
  const reports = await lintAll(tasks, threadCount(files.length, request.jobs), terminal, () => {
    done += 1;
    progress();
  });
  terminal.progress('');
  for (const { file, failure, fixed } of reports) {
    if (failure !== undefined) terminal.complain(`${file}: ${failure}`);
    if (fixed === undefined) continue;
    await terminal.writeFile(file, fixed.text);
    terminal.complain(`${printable(file)}: ${fixed.count} fixed`);
  }
  return reports;
}

/** Undefined where the baseline could not be read. */
async function applyBaseline(
  reports: readonly FileReport[],
  { baseline }: LintRequest,
  terminal: Terminal,
): Promise<readonly FileReport[] | undefined> {
  if (baseline === undefined) return reports;
  const { mode, file } = baseline;
  if (mode === 'write') {
    const written = baselineOf(reports, file);
    await terminal.writeFile(file, printBaseline(written));
    terminal.complain(`${printable(file)}: ${baselineSize(written)} findings`);
    return reports.map((report) => withBaseline(report, written, file));
  }
  try {
    const known = readBaseline(await terminal.readFile(file));
    const pruned = prunedBaseline(known, reports, file);
    const gone = baselineSize(known) - baselineSize(pruned);
    if (mode === 'prune') await terminal.writeFile(file, printBaseline(pruned));
    if (gone > 0) terminal.complain(goneText(file, gone, mode));
    return reports.map((report) => withBaseline(report, known, file));
  } catch (error) {
    terminal.complain(`${printable(file)}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function goneText(file: string, gone: number, mode: BaselineMode): string {
  const what = mode === 'prune' ? 'taken out' : 'to be taken out by "--baseline prune"';
  return `${printable(file)}: ${gone} of its findings are gone, ${what}`;
}

function worthTelling(report: FileReport, least: Severity): FileReport {
  const results = report.results.filter(({ severity }) => severityRank(severity) <= severityRank(least));
  return { ...report, results };
}

/** Undefined where nothing is named. */
function chosenRules({ rules, groups }: LintRequest): readonly string[] | undefined {
  if (rules.length + groups.length === 0) return undefined;
  const ofGroups = LINT_RULES.filter(({ group, offByDefault }) => groups.includes(group) && offByDefault !== true);
  return [...new Set([...rules, ...ofGroups.map(({ code }) => code)])];
}

function unknownNames({ rules, groups }: LintRequest): string | undefined {
  const codes = LINT_RULES.map(({ code }) => code);
  const known = Object.keys(RULE_GROUPS);
  const rule = rules.find((one) => !codes.includes(one));
  if (rule !== undefined)
    return `no lint rule "${printable(rule)}"${didYouMean(rule, codes)}; "chainwalk rules" lists them`;
  const group = groups.find((one) => !known.includes(one));
  return group === undefined
    ? undefined
    : `no group "${printable(group)}"${didYouMean(group, known)}; there are: ${known.join(', ')}`;
}
