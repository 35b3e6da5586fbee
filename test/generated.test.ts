/** Generated documents are what the declarations say today. UPDATE_EXPECT=1 writes them (`npm run generate`). */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hintsPage } from '../server/src/analysis/hint-page';
import { rulePage } from '../server/src/lint/page';
import { refusalsPage } from '../server/src/lint/refusals/page';
import { LINT_RULES } from '../server/src/lint/registry';
import { ruleListPage } from '../server/src/lint/rule-list';
import { projectSchema } from '../server/src/project/json-schema';
import { ebtablesPage } from './support/ebtables-page';
import { extensionsPage } from './support/extensions-page';
import { fidelityPage } from './support/fidelity-page';
import { kernelsPage } from './support/kernels-page';

const docs = join(import.meta.dirname, '..', 'docs');

const PAGES: ReadonlyMap<string, () => string> = new Map([
  ...LINT_RULES.map((rule) => [`rules/${rule.code}.md`, () => rulePage(rule)] as const),
  ['rules/README.md', ruleListPage],
  ['rules/errors.md', refusalsPage],
  ['hints.md', hintsPage],
  ['fidelity.md', fidelityPage],
  ['kernels.md', kernelsPage],
  ['extensions.md', extensionsPage],
  ['ebtables.md', ebtablesPage],
  ['../schemas/chainwalk.schema.json', () => JSON.stringify(projectSchema(), null, 2)],
]);

describe.each([...PAGES])('docs/%s', (name, page) => {
  const file = join(docs, name);
  const text = `${page()}\n`;
  if (process.env.UPDATE_EXPECT === '1') writeFileSync(file, text);

  it('is fresh (npm run generate)', () => {
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(text);
  });
});

describe('docs/rules', () => {
  it('has no page of a rule that is gone', () => {
    const codes = ['README.md', 'errors.md', ...LINT_RULES.map(({ code }) => `${code}.md`)];
    expect(readdirSync(join(docs, 'rules')).filter((name) => !codes.includes(name))).toEqual([]);
  });
});
