import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as lsp from 'vscode-languageserver/node';
import { SIMULATE, type SimulateAnswer } from '../server/src/lsp/protocol';
import { readSettings } from '../server/src/lsp/settings';
import { startTestServer, type TestServer } from './support/language-server';

const examples = join(import.meta.dirname, '..', 'examples');
const notrack = readFileSync(join(examples, 'notrack.rules'), 'utf8');
const PITFALL = 'notrack-without-untracked';

let settings: unknown = {};
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(() => settings);
}, 60_000);

afterAll(async () => {
  await server.stop();
});

/** Where `text` first stands outside of comments, one character into it. */
function positionOf(ruleset: string, text: string): lsp.Position {
  const lines = ruleset.split('\n');
  const line = lines.findIndex((one) => !one.startsWith('#') && one.includes(text));
  return { line, character: (lines[line] ?? '').indexOf(text) + 1 };
}

/** Hints of style are no matter here. */
function codesOf({ diagnostics }: lsp.PublishDiagnosticsParams): readonly unknown[] {
  return diagnostics.filter(isWorthAWarning).map(({ code }) => code);
}

function isWorthAWarning({ severity }: lsp.Diagnostic): boolean {
  return severity === lsp.DiagnosticSeverity.Error || severity === lsp.DiagnosticSeverity.Warning;
}

async function hoverText(uri: string, ruleset: string, text: string): Promise<string> {
  const params = { textDocument: { uri }, position: positionOf(ruleset, text) };
  const hover = await server.connection.sendRequest(lsp.HoverRequest.type, params);
  return lsp.MarkupContent.is(hover?.contents) ? hover.contents.value : '';
}

describe('the main job', () => {
  const uri = 'untitled:notrack.rules';

  test('the example opens with one warning, the pitfall', async () => {
    await server.open(uri, notrack);
    const { diagnostics } = await server.diagnosticsOf(uri, 1);
    expect(
      diagnostics.filter(isWorthAWarning).map(({ code, severity, source }) => ({ code, severity, source })),
    ).toEqual([{ code: PITFALL, severity: lsp.DiagnosticSeverity.Warning, source: 'chainwalk' }]);
  });

  test('a state is explained', async () => {
    expect(await hoverText(uri, notrack, 'ESTABLISHED')).toContain('needs a reply seen here');
  });

  test('the quick fix is offered, and the warning goes with it', async () => {
    const { diagnostics } = await server.diagnosticsOf(uri, 1);
    const diagnostic = diagnostics.find(({ code }) => code === PITFALL);
    if (diagnostic === undefined) throw new Error('no diagnostic');
    const params = { textDocument: { uri }, range: diagnostic.range, context: { diagnostics } };
    const actions = (await server.connection.sendRequest(lsp.CodeActionRequest.type, params)) ?? [];
    const [action] = actions.filter((one) => lsp.CodeAction.is(one));
    const edits = action?.edit?.changes?.[uri] ?? [];
    expect(edits.map(({ newText }) => newText).join('')).toContain('UNTRACKED');
    await server.connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: 2 },
      // From the end to the beginning, so that no edit moves another.
      contentChanges: [...edits].reverse().map(({ range, newText }) => ({ range, text: newText })),
    });
    expect(codesOf(await server.diagnosticsOf(uri, 2))).not.toContain(PITFALL);
  });

  test('packets run through the text as it is', async () => {
    const answer = await server.connection.sendRequest<SimulateAnswer>(SIMULATE, { uri });
    expect(answer.version).toBe(2);
    expect(answer.result.load).toEqual({ ok: true, error: '' });
    expect(answer.result.packets.length).toBeGreaterThan(0);
  });

  test('completion, definition, references, outline, folding, lenses and tokens are answered', async () => {
    const textDocument = { uri };
    const position = positionOf(notrack, 'services -');
    const { connection } = server;
    const context = { includeDeclaration: true };
    expect(await connection.sendRequest(lsp.CompletionRequest.type, { textDocument, position })).not.toBeNull();
    expect(await connection.sendRequest(lsp.DefinitionRequest.type, { textDocument, position })).not.toBeNull();
    expect(
      await connection.sendRequest(lsp.ReferencesRequest.type, { textDocument, position, context }),
    ).not.toBeNull();
    expect(await connection.sendRequest(lsp.DocumentSymbolRequest.type, { textDocument })).toHaveLength(2);
    expect(await connection.sendRequest(lsp.FoldingRangeRequest.type, { textDocument })).toHaveLength(2);
    expect(await connection.sendRequest(lsp.CodeLensRequest.type, { textDocument })).not.toHaveLength(0);
    const tokens = await connection.sendRequest(lsp.SemanticTokensRequest.type, { textDocument });
    expect(tokens?.data.length).toBeGreaterThan(0);
  });

  test('a chain is renamed, highlighted, and has callers; selections grow; a value has a signature', async () => {
    const uri = 'untitled:chains.rules';
    const text = '*filter\n:own - [0:0]\n-A INPUT -p tcp --dport 22 -j own\nCOMMIT\n';
    await server.open(uri, text);
    const at = (line: number, character: number) => ({ textDocument: { uri }, position: { line, character } });
    const { connection } = server;
    const edited = await connection.sendRequest(lsp.RenameRequest.type, { ...at(2, 31), newName: 'mine' });
    expect(edited?.changes?.[uri]?.map(({ newText, range }) => [newText, range.start.line])).toEqual([
      ['mine', 1],
      ['mine', 2],
    ]);
    await expect(connection.sendRequest(lsp.RenameRequest.type, { ...at(2, 31), newName: 'a b' })).rejects.toThrow(
      'no blanks',
    );
    expect(await connection.sendRequest(lsp.PrepareRenameRequest.type, at(2, 4))).toBe(null);
    expect(await connection.sendRequest(lsp.DocumentHighlightRequest.type, at(1, 2))).toHaveLength(2);
    const items = (await connection.sendRequest(lsp.CallHierarchyPrepareRequest.type, at(1, 2))) ?? [];
    const callers = await connection.sendRequest(lsp.CallHierarchyIncomingCallsRequest.type, {
      item: items[0] as lsp.CallHierarchyItem,
    });
    expect(callers?.map(({ from }) => from.name)).toEqual(['INPUT']);
    const { position } = at(2, 24);
    const grown = await connection.sendRequest(lsp.SelectionRangeRequest.type, {
      textDocument: { uri },
      positions: [position],
    });
    expect(grown?.[0]?.parent?.range).toEqual({ start: { line: 2, character: 16 }, end: { line: 2, character: 26 } });
    const help = await connection.sendRequest(lsp.SignatureHelpRequest.type, at(2, 24));
    expect(help?.signatures[0]?.label).toContain('--dport');
    const range = { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } };
    const hints = await connection.sendRequest(lsp.InlayHintRequest.type, { textDocument: { uri }, range });
    expect(hints?.map(({ label }) => label)).toEqual(['ssh']);
  });

  test('a document and a selection are formatted, edits in the lines that change', async () => {
    const loose = 'untitled:loose.rules';
    const text = '*filter\n:INPUT DROP [0:0]\n:FORWARD DROP\n:OUTPUT ACCEPT [0:0]\n-A INPUT  -j ACCEPT\nCOMMIT\n';
    await server.open(loose, text);
    const options = { tabSize: 2, insertSpaces: true };
    const textDocument = { uri: loose };
    const whole = await server.connection.sendRequest(lsp.DocumentFormattingRequest.type, { textDocument, options });
    expect(whole).toEqual([
      { range: lsp.Range.create(2, 0, 3, 0), newText: ':FORWARD DROP [0:0]\n' },
      { range: lsp.Range.create(4, 0, 5, 0), newText: '-A INPUT -j ACCEPT\n' },
    ]);
    const range = lsp.Range.create(4, 3, 4, 5);
    const params = { textDocument, options, range };
    expect(await server.connection.sendRequest(lsp.DocumentRangeFormattingRequest.type, params)).toEqual([whole?.[1]]);
  });

  test('a closed document has no diagnostics and no answers', async () => {
    await server.connection.sendNotification(lsp.DidCloseTextDocumentNotification.type, { textDocument: { uri } });
    expect(await hoverText(uri, notrack, 'ESTABLISHED')).toBe('');
  });
});

describe('what stands beside the text', () => {
  test('a setting changes the severity of a finding, or turns it off', async () => {
    settings = { lint: { [PITFALL]: 'error' } };
    await server.open('untitled:error.rules', notrack);
    const { diagnostics } = await server.diagnosticsOf('untitled:error.rules', 1);
    expect(diagnostics.filter(({ code }) => code === PITFALL).map(({ severity }) => severity)).toEqual([
      lsp.DiagnosticSeverity.Error,
    ]);
    settings = { lint: { [PITFALL]: 'off' } };
    await server.open('untitled:off.rules', notrack);
    expect(codesOf(await server.diagnosticsOf('untitled:off.rules', 1))).toEqual([]);
    settings = { lint: { [PITFALL]: 'default', groups: { notrack: 'off' } } };
    await server.open('untitled:group.rules', notrack);
    expect(codesOf(await server.diagnosticsOf('untitled:group.rules', 1))).toEqual([]);
    settings = {};
  });

  test('a shell script is looked at for its commands of iptables, unless a setting says no', async () => {
    const script = '#!/bin/sh\nif true; then\n  iptables -A INPUT -p tcp \\\n    --dprot 22\nfi\n';
    await server.open('untitled:firewall', script, 'shellscript');
    const { diagnostics } = await server.diagnosticsOf('untitled:firewall', 1);
    expect(diagnostics.map(({ range, code }) => [code, range.start])).toEqual([
      ['unknown-option', { line: 3, character: 4 }],
    ]);
    expect(await hoverText('untitled:firewall', script, '-p')).toContain('Protocol of the packet');
    expect(await hoverText('untitled:firewall', script, 'if')).toBe('');
    settings = { shell: { enable: false } };
    await server.open('untitled:left-alone', script, 'shellscript');
    expect(codesOf(await server.diagnosticsOf('untitled:left-alone', 1))).toEqual([]);
    expect(await hoverText('untitled:left-alone', script, '-p')).toBe('');
    settings = {};
  });

  test('an ipvsadm file beside the ruleset says that its host is a director', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chainwalk-director-'));
    const director = readFileSync(join(examples, 'lvs-director.rules'), 'utf8').replaceAll(/^# chainwalk:.*\n/gm, '');
    const uri = pathToFileURL(join(folder, 'rules.v4')).href;
    await server.open(uri, director);
    expect(codesOf(await server.diagnosticsOf(uri, 1))).not.toContain('established-behind-lvs-dr');
    writeFileSync(
      join(folder, 'ipvsadm.rules'),
      '-A -t 203.0.113.10:80 -s rr\n-a -t 203.0.113.10:80 -r 203.0.113.21:80 -g -w 1\n',
    );
    const published = server.nextDiagnosticsOf(uri);
    await server.connection.sendNotification(lsp.DidChangeWatchedFilesNotification.type, { changes: [] });
    expect(codesOf(await published)).toContain('established-behind-lvs-dr');
    rmSync(folder, { recursive: true });
  });

  test('a chainwalk.yaml says it, too, and what is wrong in it is told while it is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chainwalk-project-'));
    const ruleset = pathToFileURL(join(folder, 'rules.v4')).href;
    const project = pathToFileURL(join(folder, 'chainwalk.yaml')).href;
    await server.open(ruleset, notrack);
    expect(codesOf(await server.diagnosticsOf(ruleset, 1))).toEqual([PITFALL]);
    const text = `lint:\n  rules:\n    ${PITFALL}: of`;
    await server.open(project, text);
    const { diagnostics } = await server.diagnosticsOf(project, 1);
    expect(codesOf({ uri: project, diagnostics })).toEqual(['bad-value']);
    const textDocument = { uri: project };
    const range = lsp.Range.create(2, 40, 2, 40);
    const params = { textDocument, range, context: { diagnostics: [] } };
    const [fix] = (await server.connection.sendRequest(lsp.CodeActionRequest.type, params)) ?? [];
    expect(fix?.title).toBe('Replace with off');
    const position = lsp.Position.create(2, text.length - text.lastIndexOf('\n') - 1);
    const items = await server.connection.sendRequest(lsp.CompletionRequest.type, { textDocument, position });
    expect(JSON.stringify(items)).toContain('"newText":"off"');
    const contentChanges = [{ range: lsp.Range.create(position, position), text: 'f' }];
    const change = { textDocument: { uri: project, version: 2 }, contentChanges };
    await server.connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, change);
    expect((await server.diagnosticsOf(project, 2)).diagnostics).toEqual([]);
    // As the editor has it, though it is not saved.
    const published = server.nextDiagnosticsOf(ruleset);
    await server.connection.sendNotification(lsp.DidChangeWatchedFilesNotification.type, { changes: [] });
    expect(codesOf(await published)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test('settings of any shape are read, or left', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readSettings(value);
      }),
    );
    const { choices } = readSettings({ lint: { a: 'off', b: 'loud', c: 1, groups: { order: 'hint', nat: 3 } } });
    expect([...choices.rules]).toEqual([['a', 'off']]);
    expect([...choices.groups]).toEqual([['order', 'hint']]);
  });
});

describe('the server lives', () => {
  const good = 'untitled:good.rules';

  beforeAll(async () => {
    await server.open(good, notrack);
  });

  const FILES: readonly (readonly [string, string])[] = [
    ['an empty file', ''],
    [
      'a binary file',
      Array.from({ length: 200_000 }, (_, index) => String.fromCharCode((index * 7919) % 65_536)).join(''),
    ],
    ['a binary file of zeros', '\0'.repeat(1_000_000)],
    ['a line of 20 MB', `*filter\n-A INPUT -m comment --comment "${'x'.repeat(20_000_000)}" -j ACCEPT\nCOMMIT\n`],
    ['20 MB of short words in a line', `*filter\n-A INPUT ${'-s '.repeat(6_700_000)}\nCOMMIT\n`],
    ['a file cut in the middle of a word', notrack.slice(0, notrack.lastIndexOf('COMMIT') + 4)],
    ['a file cut in the middle of a quote', notrack.slice(0, notrack.indexOf('"INPUT') + 4)],
    ['lone surrogates', '*filter\n-A INPUT -m comment --comment "\ud800\udc00\ud800" -j \udfff\nCOMMIT\n'],
  ];

  test.each(FILES)('after %s', async (name, text) => {
    const uri = `untitled:${encodeURIComponent(name)}`;
    await server.open(uri, text);
    const { diagnostics } = await server.diagnosticsOf(uri, 1);
    if (text !== '') expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.every(({ message }) => String(message).length <= 1_000)).toBe(true);
    const textDocument = { uri };
    await server.connection.sendRequest(lsp.HoverRequest.type, { textDocument, position: { line: 1, character: 12 } });
    await server.connection.sendRequest(lsp.CompletionRequest.type, {
      textDocument,
      position: { line: 1, character: 9 },
    });
    await server.connection.sendNotification(lsp.DidCloseTextDocumentNotification.type, { textDocument });
    expect(server.process.exitCode).toBeNull();
    expect(await hoverText(good, notrack, 'ESTABLISHED')).toContain('needs a reply seen here');
  });

  test('after positions that are not there', async () => {
    for (const position of [
      { line: 100_000, character: 0 },
      { line: 0, character: 100_000 },
    ]) {
      await server.connection.sendRequest(lsp.HoverRequest.type, { textDocument: { uri: good }, position });
    }
    expect(server.process.exitCode).toBeNull();
  });
});
