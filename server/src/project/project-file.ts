/**
 * `chainwalk.yaml`: what a folder of rulesets says of its hosts and of the linter. What it says counts before the
 * settings, and `# chainwalk:` comments of a ruleset count before it.
 */
import picomatch from 'picomatch/posix';
import { isNode, Lexer, parseDocument } from 'yaml';
import { isRecord } from '../analysis/host-setting';
import { isSeverityChoice, type LintChoices, mergeChoices, NO_CHOICES, type SeverityChoice } from '../lint/severities';
import { problem } from '../syntax/problem';
import type { Problem } from '../syntax/tree';
import { PROJECT_FILE } from './file-shape';
import { type Plain, readNode } from './read-node';

/** What it is called. */
export const PROJECT_FILE_NAME = 'chainwalk.yaml';

export interface ProjectFile {
  /** What holds for every ruleset, and then the hosts in their order. */
  readonly entries: readonly ProjectEntry[];
  /** Spans are offsets in its text. */
  readonly problems: readonly Problem[];
}

export interface ProjectEntry {
  /** Globs; undefined for every ruleset. */
  readonly files: readonly string[] | undefined;
  /** As the setting `chainwalk.host`. */
  readonly host: HostSetting;
  readonly choices: LintChoices;
}

export type HostSetting = Readonly<Record<string, unknown>>;

/** Enough for a hundred hosts. Of what is all wrong the YAML parser takes the square of the time. */
const LONGEST = 32 * 1024;

/** The YAML parser calls itself for each level, and a program that runs out of stack is gone. */
const DEEPEST = 50;

/** Outside of brackets. */
const MOST_TOKENS_OF_LINE = 200;

/** Never throws. */
export function readProjectFile(text: string): ProjectFile {
  const start = { start: 0, end: Math.min(1, text.length) };
  if (text.length > LONGEST) return refused(problem(start, 'bad-yaml', `longer than ${LONGEST} characters: not read`));
  if (isTangled(text))
    return refused(problem(start, 'bad-yaml', 'nested too deep, or a line of too many parts: not read'));
  const document = parseDocument(text, { prettyErrors: false });
  const problems: Problem[] = document.errors.map(({ pos: [from, to], message }) =>
    problem({ start: from, end: Math.max(to, from) }, 'bad-yaml', message),
  );
  if (!isNode(document.contents)) return { entries: [], problems };
  const value = readNode(document.contents, PROJECT_FILE, (one) => problems.push(one));
  return { entries: entriesOf(value), problems };
}

/** What a project says of a ruleset: its host, as the setting has it, and the linter's choices. */
export interface ProjectWords {
  readonly host: HostSetting;
  readonly choices: LintChoices;
}

export const NO_PROJECT_WORDS: ProjectWords = { host: {}, choices: NO_CHOICES };

/** @param path of the ruleset, from the folder of the project file, with `/` */
export function projectWords({ entries }: ProjectFile, path: string): ProjectWords {
  return entries
    .filter(({ files }) => files === undefined || files.some((glob) => matches(glob, path)))
    .reduce<ProjectWords>(
      (before, entry) => ({
        host: mergeHosts(entry.host, before.host),
        choices: mergeChoices(entry.choices, before.choices),
      }),
      NO_PROJECT_WORDS,
    );
}

/** Keys of `stronger` count first; interfaces and sysctls are told one by one. */
export function mergeHosts(stronger: HostSetting, weaker: HostSetting): HostSetting {
  const merged: Record<string, unknown> = { ...weaker, ...stronger };
  for (const key of ['interfaces', 'sysctl']) {
    const [one, other] = [stronger[key], weaker[key]];
    if (isRecord(one) && isRecord(other)) merged[key] = { ...other, ...one };
  }
  return merged;
}

/** A glob without `/` means names in whatever folder. */
function matches(glob: string, path: string): boolean {
  try {
    return picomatch.isMatch(path, glob.replace(/^\.\//, ''), { basename: !glob.includes('/') });
  } catch {
    return false;
  }
}

function refused(why: Problem): ProjectFile {
  return { entries: [], problems: [why] };
}

function isTangled(text: string): boolean {
  let flow = 0;
  let block = 0;
  let tokens = 0;
  for (const token of new Lexer().lex(text)) {
    if (flow === 0) tokens += 1;
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow -= 1;
    else if (token.startsWith('\n') || token.startsWith('\r')) block = tokens = 0;
    else if (flow === 0 && (token === '-' || token === '?' || token === ':')) block += 1;
    else if (block === 0 && /^ +$/.test(token)) block = token.length / 2;
    if (flow > DEEPEST || block > DEEPEST || tokens > MOST_TOKENS_OF_LINE) return true;
  }
  return false;
}

function entriesOf(value: Plain | undefined): readonly ProjectEntry[] {
  if (!isRecord(value)) return [];
  const { hosts, ...rest } = value;
  const own = entryOf(rest, undefined);
  return [own, ...(Array.isArray(hosts) ? hosts.filter(isRecord).map(hostEntry) : [])];
}

function hostEntry({ files, ...rest }: Readonly<Record<string, unknown>>): ProjectEntry {
  const globs = Array.isArray(files) ? files.filter((glob) => typeof glob === 'string') : [];
  return entryOf(rest, globs);
}

function entryOf({ lint, ...host }: Readonly<Record<string, unknown>>, files: readonly string[] | undefined) {
  const choices = isRecord(lint) ? { rules: choicesIn(lint.rules), groups: choicesIn(lint.groups) } : NO_CHOICES;
  return { files, host, choices };
}

function choicesIn(value: unknown): ReadonlyMap<string, SeverityChoice> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, SeverityChoice] => isSeverityChoice(entry[1])));
}
