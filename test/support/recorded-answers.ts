/** What iptables 1.8.9 answered to rulesets, recorded in the reference data, where those are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variant } from '../../server/src/analysis/variant';
import { guessFamily } from '../../server/src/syntax/family';
import type { Family } from '../../src-sim/net/address';
import { sharedData } from './shared-data';

export interface RecordedAnswer {
  readonly accepted: boolean;
  /** The line that iptables named, from 1; undefined where it named none. */
  readonly line: number | undefined;
  /** What iptables-save printed after loading. */
  readonly saved: string | undefined;
  readonly said: string;
}

export interface Recorded {
  readonly name: string;
  readonly text: string;
  readonly family: Family;
  readonly answers: Readonly<Record<Variant, RecordedAnswer>>;
}

const folder = sharedData === undefined ? '' : join(sharedData, 'corpus');

type Row = Readonly<Record<string, string>>;

function rowsOf(...path: readonly string[]): readonly Row[] {
  const [head = '', ...lines] = readFileSync(join(folder, ...path), 'utf8')
    .trimEnd()
    .split('\n');
  const names = head.split('\t');
  return lines.map((line) =>
    Object.fromEntries(line.split('\t').map((cell, at) => [names[at] ?? '', unescaped(cell)])),
  );
}

function unescaped(cell: string): string {
  const letters: Row = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
  return cell.replace(/\\([tnr\\])/g, (_, letter: string) => letters[letter] ?? letter);
}

function answerOf(row: Row, variant: Variant, savedFile: string): RecordedAnswer {
  const line = row[`${variant}_test_line`] || row[`${variant}_load_line`];
  return {
    accepted: row[`${variant}_load_rc`] === '0',
    line: line ? Number(line) : undefined,
    saved: savedText(savedFile),
    said: row[`${variant}_load_err`] ?? '',
  };
}

function savedText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Whole files that others wrote. */
export function realRulesets(): readonly Recorded[] {
  return rowsOf('real', 'MANIFEST.tsv').map((row) => {
    const name = row.file ?? '';
    const saved = (variant: Variant) => join(folder, 'saved', `${name}.${variant}-save`);
    return {
      name,
      text: readFileSync(join(folder, 'real', name), 'utf8'),
      family: row.family === '6' ? 'ipv6' : 'ipv4',
      answers: {
        legacy: answerOf(row, 'legacy', saved('legacy')),
        nft: answerOf(row, 'nft', saved('nft')),
      },
    };
  });
}

/** Refused ones, made loadable. */
export function repairedRulesets(): readonly Recorded[] {
  const names = readdirSync(join(folder, 'real-repaired')).filter((name) => name !== 'MANIFEST.tsv');
  return names.map((name) => {
    const text = readFileSync(join(folder, 'real-repaired', name), 'utf8');
    const saved = (variant: Variant) => savedText(join(folder, 'saved', `${name}.${variant}-save`));
    return {
      name,
      text,
      family: guessFamily(text),
      answers: { legacy: accepted(saved('legacy')), nft: accepted(saved('nft')) },
    };
  });
}

/** kube-proxy's shape. */
export function syntheticRulesets(): readonly Recorded[] {
  return [
    { name: 'kube-proxy-1k', family: 'ipv4' as const },
    { name: 'kube-proxy-v6-2k', family: 'ipv6' as const },
  ].map(({ name, family }) => {
    const saved = (variant: Variant) => savedText(join(folder, 'synthetic', `${name}.${variant}-save-c`));
    const text = readFileSync(join(folder, 'synthetic', `${name}.restore-input`), 'utf8');
    return { name, text, family, answers: { legacy: accepted(saved('legacy')), nft: accepted(saved('nft')) } };
  });
}

function accepted(saved: string | undefined): RecordedAnswer {
  return { accepted: true, line: undefined, saved, said: '' };
}

/** The rows of iptables' own tests, one rule each. Only the rules of what is saved are compared. */
export function testRows(): readonly Recorded[] {
  const rows = rowsOf('iptables-tests', 'lines.tsv').filter(({ tool }) => tool === 'iptables' || tool === 'ip6tables');
  return rows.map((row) => {
    const answer = (variant: Variant): RecordedAnswer => ({
      accepted: row[`${variant}_restore_rc`] === '0',
      line: undefined,
      saved: row[`${variant}_saved`],
      said: row[`${variant}_err`] ?? '',
    });
    return {
      name: `${row.file}:${row.line} ${row.table} ${row.chain} ${row.rule}`,
      text: `*${row.table}\n-A ${row.chain} ${row.rule}\nCOMMIT\n`,
      family: row.tool === 'iptables' ? 'ipv4' : 'ipv6',
      answers: { legacy: answer('legacy'), nft: answer('nft') },
    };
  });
}

/** Probes of the syntax of files. Rules and chains of what is saved are compared, but for built-in chains of policy ACCEPT. */
export function syntaxProbes(): readonly Recorded[] {
  return rowsOf('iptables-tests', 'restore-probes.tsv').map((row) => {
    const answer = (variant: Variant): RecordedAnswer => {
      const said = row[`${variant}_load_err`] ?? '';
      const line = /line:? (\d+)/.exec(said)?.[1];
      return {
        accepted: row[`${variant}_load_rc`] === '0',
        line: line === undefined ? undefined : Number(line),
        saved: row[`${variant}_saved`]?.replaceAll(' // ', '\n'),
        said,
      };
    };
    return {
      name: row.probe ?? '',
      text: row.input_escaped ?? '',
      family: 'ipv4',
      answers: { legacy: answer('legacy'), nft: answer('nft') },
    };
  });
}
