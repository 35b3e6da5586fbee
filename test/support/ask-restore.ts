/** Asks the iptables of this machine whether it loads rulesets, in a network namespace of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { iptablesLegacyRestore, iptablesNftRestore, unshare } from './root-tools';

export const canAskRestore =
  iptablesLegacyRestore !== undefined && iptablesNftRestore !== undefined && unshare !== undefined;

export interface Question {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
}

export interface RestoreAnswer {
  readonly accepted: boolean;
  /** What it printed on standard error. */
  readonly said: string;
}

/** All in one shell, each after the tables were emptied: a process for each question would take most of the time. */
export function askRestore(questions: readonly Question[], variant: 'legacy' | 'nft'): readonly RestoreAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-restore-'));
  try {
    const script = questions.map((question, index) => commandsFor(question, join(folder, String(index)), variant));
    const ran = spawnSync('unshare', ['--net', 'sh', '-s'], { input: script.join('\n'), encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(ran.stderr);
    return questions.map((_, index) => readAnswer(join(folder, String(index))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What iptables-legacy-save prints of table filter after loading each, without comments and counters. */
export function askSave(texts: readonly string[]): readonly string[] {
  const script = texts.map((text) =>
    [
      `printf '*filter\\n:INPUT ACCEPT\\n:FORWARD ACCEPT\\n:OUTPUT ACCEPT\\nCOMMIT\\n' | iptables-legacy-restore`,
      `iptables-legacy-restore <<'END'\n${text}END`,
      'iptables-legacy-save -t filter; echo ====',
    ].join('\n'),
  );
  const ran = spawnSync('unshare', ['--net', 'sh', '-s'], { input: script.join('\n'), encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout
    .split('====\n')
    .slice(0, texts.length)
    .map((saved) => saved.replace(/^#.*\n/gm, '').replace(/ \[\d+:\d+\]$/gm, ''));
}

function commandsFor({ text, family }: Question, file: string, variant: string): string {
  writeFileSync(file, text);
  const restore = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}-restore`;
  const empty = ['filter', 'nat', 'mangle', 'raw', 'security'].map((table) => `*${table}\\nCOMMIT\\n`).join('');
  return `printf '${empty}' | ${restore}\n${restore} < ${file} > /dev/null 2> ${file}.said; echo $? > ${file}.status`;
}

function readAnswer(file: string): RestoreAnswer {
  const read = (kind: string) => readFileSync(`${file}.${kind}`, 'utf8').trim();
  return { accepted: read('status') === '0', said: read('said') };
}
