import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, type Step } from '../steps';
import {
  diagnosticOf,
  hoverText,
  openExample,
  positionOf,
  quickFixes,
  runCommandTitled,
  webviewTabs,
  withoutDiagnostic,
} from './editor';

const pitfall = 'notrack-without-untracked';

/** The main job in the editor: a real ruleset, its pitfall, the fix, a hover, the panel. */
export function notrackSteps(): readonly Step[] {
  return [
    {
      name: 'host: the window is in Restricted Mode where the driver says so',
      run: async () => assert.equal(vscode.workspace.isTrusted, process.env.CHAINWALK_E2E_RESTRICTED === undefined),
    },
    {
      name: 'host: examples/notrack.rules opens as iptables and warns of the missing UNTRACKED',
      run: async () => {
        const document = await openExample('notrack.rules');
        assert.equal(document.languageId, 'iptables');
        const diagnostic = await diagnosticOf(document, pitfall);
        assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Warning);
        assert.equal(diagnostic.source, 'chainwalk');
      },
    },
    {
      name: 'host: a state has a hover that says what it matches',
      run: async () => {
        const document = await openExample('notrack.rules');
        assert.match(await hoverText(document, positionOf(document, 'ESTABLISHED')), /reply/i);
      },
    },
    {
      name: 'host: the quick fix accepts UNTRACKED and the warning goes',
      run: async () => {
        const document = await openExample('notrack.rules');
        const diagnostic = await diagnosticOf(document, pitfall);
        const [fix] = await quickFixes(document, diagnostic);
        assert.ok(fix?.edit !== undefined, 'no quick fix with an edit');
        assert.ok(await vscode.workspace.applyEdit(fix.edit));
        assert.match(document.getText(), /UNTRACKED/);
        await withoutDiagnostic(document, pitfall);
        assert.match(await hoverText(document, positionOf(document, 'UNTRACKED')), /raw|notrack/i);
      },
    },
    {
      name: 'host: the command opens the simulation panel',
      run: async () => {
        await openExample('notrack.rules');
        await runCommandTitled('Trace a Packet');
        await eventually('the panel', () => webviewTabs().find(({ label }) => /chainwalk|trace/i.test(label)));
      },
    },
    {
      name: 'host: an empty, a binary and a cut file leave the language server alive',
      run: async () => {
        for (const text of ['', '\u0000\u0001\ufffd\u0000'.repeat(1000), '*filter\n:INPUT DR']) {
          const odd = await vscode.workspace.openTextDocument({ language: 'iptables', content: text });
          await vscode.window.showTextDocument(odd);
        }
        const document = await openExample('notrack.rules');
        assert.match(await hoverText(document, positionOf(document, 'ESTABLISHED')), /reply/i);
      },
    },
  ];
}
