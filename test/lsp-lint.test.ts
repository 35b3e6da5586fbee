/** What the language server offers about findings: fixes, suppressions, the witness, the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as lsp from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  EXPLAIN_COMMAND,
  type InitializationOptions,
  PAGE,
  RULES,
  type RuleAnswer,
  SIMULATE,
  type SimulateAnswer,
  TRACE_COMMAND,
  WITNESS,
  type WitnessAnswer,
} from '../server/src/lsp/protocol';
import { startTestServer, type TestServer } from './support/language-server';

const notrack = readFileSync(join(import.meta.dirname, '..', 'examples', 'notrack.rules'), 'utf8');
const PITFALL = 'notrack-without-untracked';
const uri = 'untitled:notrack.rules';

let server: TestServer;
let diagnostics: readonly lsp.Diagnostic[] = [];

beforeAll(async () => {
  const workspaceEdit = {
    documentChanges: true,
    snippetEditSupport: true,
    changeAnnotationSupport: { groupsOnLabel: true },
  };
  server = await startTestServer(() => ({}), { workspaceEdit });
  await server.open(uri, notrack);
  ({ diagnostics } = await server.diagnosticsOf(uri, 1));
}, 60_000);

afterAll(() => server.stop());

async function actionsFor(of: string, range: lsp.Range, only?: readonly string[]): Promise<readonly lsp.CodeAction[]> {
  const context = { diagnostics: [], ...(only ? { only: [...only] } : {}) };
  const params = { textDocument: { uri: of }, range, context };
  const found = (await server.connection.sendRequest(lsp.CodeActionRequest.type, params)) ?? [];
  return found.filter((one) => lsp.CodeAction.is(one));
}

async function atPitfall(): Promise<readonly lsp.CodeAction[]> {
  const pitfall = diagnostics.find(({ code }) => code === PITFALL);
  if (pitfall === undefined) throw new Error('no pitfall');
  return actionsFor(uri, pitfall.range);
}

describe('a finding', () => {
  test('has its fix first, then its proof, its suppression and its page', async () => {
    const titles = (await atPitfall()).map(({ title }) => title);
    expect(titles).toEqual([
      'Accept them as UNTRACKED',
      'Trace the witness',
      `Disable ${PITFALL} for this line`,
      `Disable ${PITFALL} for this file`,
      `Explain ${PITFALL}`,
    ]);
  });

  test('hands over the packets that prove it, and they suffer in the panel', async () => {
    const trace = (await atPitfall()).find(({ command }) => command?.command === TRACE_COMMAND);
    const [of, from] = trace?.command?.arguments ?? [];
    const witness = await server.connection.sendRequest<WitnessAnswer>(WITNESS, { uri: of, ...from.finding });
    const params = { uri, host: witness.host, packets: witness.packets };
    const { result } = await server.connection.sendRequest<SimulateAnswer>(SIMULATE, params);
    expect(result.packets[witness.victim]?.fate.kind).toBe('dropped');
  });

  test('has no witness where the version, or the finding, is another', async () => {
    for (const place of [
      { version: 7, index: 0 },
      { version: 1, index: 99 },
      { version: 1, index: -1 },
    ]) {
      expect(await server.connection.sendRequest(WITNESS, { uri, ...place })).toBeNull();
    }
  });

  test('is suppressed with a reason that is written over', async () => {
    const disable = (await atPitfall()).find(({ title }) => title.endsWith('for this line'));
    const [change] = disable?.edit?.documentChanges ?? [];
    const edits = change && lsp.TextDocumentEdit.is(change) ? change.edits : [];
    expect(edits).toMatchObject([
      { snippet: { value: `# chainwalk-disable-next-line ${PITFALL} -- \${1:why it is right here}\n` } },
    ]);
  });

  test('is explained offline', async () => {
    const explain = (await atPitfall()).find(({ command }) => command?.command === EXPLAIN_COMMAND);
    const [code] = explain?.command?.arguments ?? [];
    expect(await server.connection.sendRequest(PAGE, { code })).toMatch(/^# .*NOTRACK/);
    expect(await server.connection.sendRequest(PAGE, { code: '../x' })).toBeNull();
    const rules = await server.connection.sendRequest<readonly RuleAnswer[]>(RULES);
    expect(rules.map((rule) => rule.code)).toContain(PITFALL);
  });

  test('leads to no page where the editor shows none and nobody says where they are', () => {
    expect(diagnostics.every(({ codeDescription }) => codeDescription === undefined)).toBe(true);
  });
});

describe('the page of a finding', () => {
  const wrong =
    '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j accept\n-A INPUT -s 10.0.0.5/24 -j ACCEPT\nCOMMIT\n';

  async function addresses(
    options: InitializationOptions,
    settings: () => unknown,
  ): Promise<ReadonlyMap<string, string>> {
    const other = await startTestServer(settings, {}, options);
    try {
      await other.open(uri, wrong);
      const found = (await other.diagnosticsOf(uri, 1)).diagnostics;
      const all = found.length > 1 ? found : (await other.nextDiagnosticsOf(uri)).diagnostics;
      return new Map(all.map(({ code, codeDescription }) => [String(code), codeDescription?.href ?? '']));
    } finally {
      await other.stop();
    }
  }

  test('is the one that the editor shows by itself', async () => {
    const found = await addresses({ pageScheme: 'docs' }, () => ({}));
    expect(found.get('cidr-host-bits')).toBe('docs:/cidr-host-bits.md');
    expect(found.get('target-case')).toBe('docs:/target-case.md');
  });

  test('is that on the web where the settings say so', async () => {
    const lint = { pagesUrl: 'https://example.org/docs/rules' };
    const found = await addresses({ pageScheme: 'docs' }, () => ({ lint }));
    expect(found.get('cidr-host-bits')).toBe('https://example.org/docs/rules/cidr-host-bits.md');
    expect(found.get('target-case')).toMatch(/^https:\/\/example.org\/docs\/rules\/errors.md#target-case-/);
  });

  test('is none where the words make no address', async () => {
    const lint = { pagesUrl: 'javascript:alert(1)//' };
    expect((await addresses({ pageScheme: 'a b' }, () => ({ lint }))).get('cidr-host-bits')).toBe('');
  });
});

const LEFT_OVER = `*filter
# chainwalk-disable-next-line notrack-one-way -- gone
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
# chainwalk-disable-next-line notrack-one-way -- gone, too
:OUTPUT ACCEPT [0:0]
COMMIT
`;

describe('fixes of many', () => {
  const many = 'untitled:many.rules';
  const everywhere = lsp.Range.create(0, 0, 0, 0);

  beforeAll(async () => {
    await server.open(many, LEFT_OVER);
    await server.diagnosticsOf(many, 1);
  });

  test('source.fixAll makes the safe ones in one edit, and only when it is asked for', async () => {
    expect((await actionsFor(many, everywhere)).map(({ kind }) => kind)).not.toContain('source.fixAll.chainwalk');
    const [fix] = await actionsFor(many, everywhere, ['source.fixAll']);
    const edits = fix?.edit?.changes?.[many] ?? [];
    const text = TextDocument.applyEdits(TextDocument.create(many, 'iptables', 1, LEFT_OVER), edits);
    expect(text).toBe(LEFT_OVER.replaceAll(/^#.*\n/gm, ''));
    expect(await actionsFor(uri, everywhere, ['source.fixAll.chainwalk'])).toEqual([]);
    expect(await actionsFor(many, everywhere, ['source.organizeImports'])).toEqual([]);
  });

  test('all of one code', async () => {
    const actions = await actionsFor(many, lsp.Range.create(1, 5, 1, 5));
    const all = actions.find(({ title }) => title === 'Fix 2 of unused-suppression in this file');
    expect(all?.edit?.changes?.[many]).toHaveLength(2);
  });

  test('unsafe ones are shown before they are made', async () => {
    const two = 'untitled:two.rules';
    await server.open(two, '*filter\n-A INPUT -p tcp --dprot 22\n-A INPUT -p udp --dprot 53\nCOMMIT\n');
    await server.diagnosticsOf(two, 1);
    const actions = await actionsFor(two, lsp.Range.create(1, 18, 1, 18));
    const all = actions.find(({ title }) => title.startsWith('Fix 2 of unknown-option'));
    expect(Object.values(all?.edit?.changeAnnotations ?? {})).toMatchObject([{ needsConfirmation: true }]);
  });
});
