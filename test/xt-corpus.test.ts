/** Rulesets that others wrote, where they are there: iptables-save's words are read, and printed as they were. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument, type Document } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import type { Family } from '../src-sim/net/address';
import type { Rule } from '../src-sim/netfilter/ruleset';
import { printRule } from '../src-sim/xt/print-rule';
import { sharedData } from './support/shared-data';

const folder = sharedData === undefined ? '' : join(sharedData, 'corpus');

describe.skipIf(sharedData === undefined)('the corpus', () => {
  it('gives back what iptables-save printed', { timeout: 120_000 }, () => {
    const changed = readdirSync(join(folder, 'saved')).flatMap((name) => {
      const text = readFileSync(join(folder, 'saved', name), 'utf8');
      return changedRules(createDocument(text), text).map((rule) => `${name}: ${rule}`);
    });
    expect(changed).toEqual([]);
  });

  it("agrees with iptables on its own tests' rows", () => {
    const [head = '', ...lines] = readFileSync(join(folder, 'iptables-tests', 'lines.tsv'), 'utf8')
      .trimEnd()
      .split('\n');
    const names = head.split('\t');
    const rows = lines.map((line) => Object.fromEntries(line.split('\t').map((cell, at) => [names[at], cell])));
    const asked = rows.filter((row) => row.tool === 'iptables' || row.tool === 'ip6tables');
    expect(asked.map(disagreement).filter((text) => text !== undefined)).toEqual([]);
    expect(asked.length).toBeGreaterThan(1000);
  });
});

function changedRules(document: Document, text: string): readonly string[] {
  const lines = text.split('\n');
  return lower(document.tree).tables.flatMap(({ chains }) =>
    chains.flatMap(({ name, rules }) =>
      rules
        .filter((rule) => !isUnknown(rule))
        .map((rule) => ({
          printed: `-A ${name} ${printRule(rule, document.tree.family)}`.trim(),
          line: lines[rule.line],
        }))
        .filter(({ printed, line }) => printed !== line?.replace(/^\[\d+:\d+\] /, '').trim())
        .map(({ printed }) => printed),
    ),
  );
}

/** What has no declaration is kept, but nothing is known of its words. */
function isUnknown({ matches, target }: Rule): boolean {
  return matches.some((use) => use.unknown !== undefined) || (target.kind === 'target' && target.unknown !== undefined);
}

/** What that machine's kernel was not built with, or does not have by that name, it refuses whatever the rule. */
const MISSING = /No chain\/target\/match by that name/;

type Row = { readonly [column: string]: string | undefined };

function disagreement(row: Row): string | undefined {
  const family: Family = row.tool === 'iptables' ? 'ipv4' : 'ipv6';
  const document = createDocument(`*${row.table}\n-A ${row.chain} ${row.rule}\nCOMMIT\n`, { family });
  const problems = allProblems(document);
  const chains = lower(document.tree).tables[0]?.chains ?? [];
  const rules = chains.find(({ name }) => name === row.chain)?.rules ?? [];
  if (problems.some(({ code }) => code.startsWith('unknown')) || rules.some(isUnknown)) return undefined;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const saved = rules.map((rule) => `-A ${row.chain} ${printRule(rule, family)}`.trim()).join('\n');
  const where = `${row.file}:${row.line} ${row.tool} ${row.rule}`;
  if (MISSING.test(row.legacy_err ?? '')) return undefined;
  if (row.legacy_rc !== '0') return errors.length > 0 ? undefined : `${where}: iptables refuses it, ${row.legacy_err}`;
  if (errors.length > 0) return `${where}: iptables takes it; ${errors[0]?.message}`;
  return saved === row.legacy_saved?.trim() ? undefined : `${where}: ${saved} instead of ${row.legacy_saved}`;
}
