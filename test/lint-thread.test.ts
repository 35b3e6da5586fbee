/** The linter's thread: the same answers as without one, edits instead of whole texts, and no waiting for what is overtaken. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDocument, type Document, editDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { MOST_DIAGNOSTICS } from '../server/src/features/diagnostics';
import { lint } from '../server/src/lint/run';
import { NO_CHOICES } from '../server/src/lint/severities';
import type { LintQuestion } from '../server/src/lsp/lint-messages';
import { type LintThread, startLintThread } from '../server/src/lsp/lint-thread';
import { NOTHING_AROUND } from '../server/src/project/surrounded-hints';

const folder = mkdtempSync(join(tmpdir(), 'chainwalk-thread-'));
let thread: LintThread;

beforeAll(async () => {
  const outfile = join(folder, 'server.cjs');
  await build({
    absWorkingDir: join(import.meta.dirname, '..'),
    entryPoints: ['server/src/lsp/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  thread = startLintThread(outfile);
}, 60_000);

afterAll(() => {
  thread.stop();
  rmSync(folder, { recursive: true });
});

const question = (document: Document): LintQuestion => ({
  document,
  setting: undefined,
  surroundings: NOTHING_AROUND,
  choices: NO_CHOICES,
});
const forEver = new AbortController().signal;
const codesOf = (found: readonly { readonly code: string }[] | undefined) => found?.map(({ code }) => code).sort();

const text = (rules: number) =>
  [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...Array.from(
      { length: rules },
      (_, at) => `-A FORWARD -d 10.1.${at >> 8}.${at & 255}/32 -p tcp -m tcp --dport 80 -j ACCEPT`,
    ),
    '-A INPUT -s 10.0.0.5/24 -j ACCEPT',
    'COMMIT',
    '',
  ].join('\n');

test('it finds what the linter finds, in a text and in what comes of it by edits', async () => {
  let document = createDocument(text(600));
  for (const [start, inserted] of [
    [0, ''],
    [text(600).indexOf('-A INPUT'), '-A INPUT -i eth0:1 -j ACCEPT\n'],
    [8, '# chainwalk-disable-file iface-alias -- known\n'],
  ] as const) {
    document = editDocument(document, { start, end: start, text: inserted });
    const found = await thread.ask(question(document), forEver);
    expect(codesOf(found)).toEqual(codesOf(lint(document, readHints(document))));
    expect(found?.length).toBeGreaterThan(0);
  }
});

test('it makes the safe fixes', async () => {
  const document = createDocument('*filter\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\nCOMMIT\n');
  const edit = await thread.fixAll(question(document), forEver);
  expect(edit?.text).toContain('conntrack');
  expect(await thread.fixAll(question(createDocument('*filter\nCOMMIT\n')), forEver)).toBeUndefined();
});

describe('a question that is withdrawn', () => {
  test('is not waited for, even in the middle of a long step', async () => {
    const abort = new AbortController();
    const overtaken = thread.ask(question(createDocument(text(30_000))), abort.signal);
    const other = thread.ask(question(createDocument(text(3))), forEver);
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    expect(await overtaken).toBeUndefined();
    const begin = performance.now();
    expect(codesOf(await other)).toContain('cidr-host-bits');
    // The whole takes seconds. A thread begins anew in a fifth of one, on a machine that has time.
    expect(performance.now() - begin).toBeLessThan(2_500);
    const again = createDocument(text(4));
    expect(codesOf(await thread.ask(question(again), forEver))).toEqual(codesOf(lint(again, readHints(again))));
  });

  test('is not asked where it is none from the beginning', async () => {
    expect(await thread.ask(question(createDocument(text(3))), AbortSignal.abort())).toBeUndefined();
  });
});

test('of very many findings an editor is told the worst', async () => {
  const rules = Array.from({ length: 1_200 }, (_, at) => `-A INPUT -s 10.${at >> 8}.${at & 255}.5/24 -j ACCEPT`);
  const found = (await thread.ask(question(createDocument(`*filter\n${rules.join('\n')}\nCOMMIT\n`)), forEver)) ?? [];
  expect(found).toHaveLength(MOST_DIAGNOSTICS + 1);
  expect(found.at(-1)).toMatchObject({ code: 'too-many', severity: 'information' });
  expect(found.slice(0, -1).every(({ severity }) => severity !== 'hint')).toBe(true);
});
