/** The rulesets under examples/ load into a real kernel, and have the findings that they are there to show. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { diagnosticSlices } from '../server/src/features/diagnostics';
import { iptablesLegacyRestore, iptablesNftRestore, unshare } from './support/root-tools';

const folder = join(import.meta.dirname, '..', 'examples');

const FINDINGS: Readonly<Record<string, readonly string[]>> = {
  'lvs-director.rules': ['error established-behind-lvs-dr'],
  'notrack.rules': ['warning notrack-without-untracked'],
  'router.rules': [],
};

test('every example is named here', () => {
  expect(readdirSync(folder)).toEqual(Object.keys(FINDINGS));
});

describe.each(Object.entries(FINDINGS))('%s', (name, findings) => {
  const file = join(folder, name);

  test('has its findings, and no others', () => {
    const document = createDocument(readFileSync(file, 'utf8'), { fileName: name });
    const found = [...diagnosticSlices(document, readHints(document))].flat();
    expect([...new Set(found.map(({ severity, code }) => `${severity} ${code}`))]).toEqual(findings);
  });

  test.each([
    ['legacy', iptablesLegacyRestore],
    ['nft', iptablesNftRestore],
  ])('iptables-%s-restore loads it', (_, restore) => {
    if (unshare === undefined || restore === undefined) return;
    execFileSync(unshare, ['--net', restore, file], { stdio: 'pipe' });
  });
});
