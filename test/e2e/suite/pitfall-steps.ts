import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Step } from '../steps';
import { diagnosticOf, hoverText, openExample, positionOf, quickFixes, withoutDiagnostic } from './editor';

interface Pitfall {
  readonly example: string;
  readonly code: string;
  readonly severity: vscode.DiagnosticSeverity;
  /** Stands in what the quick fix writes. */
  readonly written: RegExp;
}

const pitfalls: readonly Pitfall[] = [
  {
    example: 'notrack.rules',
    code: 'notrack-without-untracked',
    severity: vscode.DiagnosticSeverity.Warning,
    written: /--ctstate UNTRACKED/,
  },
  {
    example: 'lvs-director.rules',
    code: 'established-behind-lvs-dr',
    severity: vscode.DiagnosticSeverity.Error,
    written: /203\.0\.113\.10/,
  },
];

/** What the product exists for: two pitfalls of state matches, shown and mended. */
export function pitfallSteps(): readonly Step[] {
  return [...pitfalls.flatMap(stepsOf), pageLink, stateHover];
}

function stepsOf({ example, code, severity, written }: Pitfall): readonly Step[] {
  return [
    {
      name: `host: examples/${example} has the diagnostic ${code}`,
      run: async () => {
        const document = await openExample(example);
        assert.equal(document.languageId, 'iptables');
        const diagnostic = await diagnosticOf(document, code);
        assert.equal(diagnostic.severity, severity);
        assert.equal(diagnostic.source, 'chainwalk');
      },
    },
    {
      name: `host: the quick fix of ${code} makes it go`,
      run: async () => {
        const document = await openExample(example);
        const before = document.getText().split('\n');
        const [fix] = await quickFixes(document, await diagnosticOf(document, code));
        assert.ok(fix?.edit !== undefined, 'no quick fix with an edit');
        assert.ok(await vscode.workspace.applyEdit(fix.edit));
        const added = document
          .getText()
          .split('\n')
          .filter((line) => !before.includes(line));
        assert.match(added.join('\n'), written);
        await withoutDiagnostic(document, code);
      },
    },
  ];
}

const pageLink: Step = {
  name: 'host: the code of a finding leads to its page, offline',
  run: async () => {
    const code = 'state-module-deprecated';
    const content = '*filter\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\nCOMMIT\n';
    const document = await vscode.workspace.openTextDocument({ language: 'iptables', content });
    const found = await diagnosticOf(document, code);
    const link = typeof found.code === 'object' ? found.code.target : undefined;
    assert.equal(link?.toString(), `chainwalk-docs:/${code}.md`);
    assert.match((await vscode.workspace.openTextDocument(link)).getText(), /^# .*\n/);
  },
};

const stateHover: Step = {
  name: 'host: a state has a hover that says what it matches',
  run: async () => {
    const document = await openExample('notrack.rules');
    assert.match(await hoverText(document, positionOf(document, 'ESTABLISHED')), /reply/i);
    assert.match(await hoverText(document, positionOf(document, 'UNTRACKED')), /NOTRACK/);
  },
};
