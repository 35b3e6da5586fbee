// What the suite does with an editor, in the vscode API alone.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually } from '../steps';

export async function openExample(name: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(inFolder(name));
  await vscode.window.showTextDocument(document);
  return document;
}

export async function writeFile(name: string, text: string): Promise<vscode.Uri> {
  await vscode.workspace.fs.writeFile(inFolder(name), Buffer.from(text));
  return inFolder(name);
}

function inFolder(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder !== undefined, 'the window has no folder');
  return vscode.Uri.joinPath(folder.uri, name);
}

/** Where `text` stands for the first time outside of comments. */
export function positionOf(document: vscode.TextDocument, text: string): vscode.Position {
  for (let line = 0; line < document.lineCount; line++) {
    const found = document.lineAt(line).text;
    const character = found.startsWith('#') ? -1 : found.indexOf(text);
    if (character >= 0) return new vscode.Position(line, character + 1);
  }
  throw new Error(`${text} is not in ${document.uri}`);
}

export function diagnosticCode({ code }: vscode.Diagnostic): string {
  return String(typeof code === 'object' ? code.value : code);
}

export function diagnosticOf(document: vscode.TextDocument, code: string): Promise<vscode.Diagnostic> {
  return eventually(`the diagnostic ${code}`, () =>
    vscode.languages.getDiagnostics(document.uri).find((diagnostic) => diagnosticCode(diagnostic) === code),
  );
}

export function withoutDiagnostic(document: vscode.TextDocument, code: string): Promise<true> {
  return eventually(`no diagnostic ${code}`, () =>
    vscode.languages.getDiagnostics(document.uri).some((diagnostic) => diagnosticCode(diagnostic) === code)
      ? undefined
      : true,
  );
}

export async function hoverText(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (typeof content === 'string' ? content : content.value))
    .join('\n');
}

export function quickFixes(
  document: vscode.TextDocument,
  { range }: vscode.Diagnostic,
): Thenable<readonly vscode.CodeAction[]> {
  const kind = vscode.CodeActionKind.QuickFix.value;
  return vscode.commands.executeCommand('vscode.executeCodeActionProvider', document.uri, range, kind, 1);
}

/** Runs the extension's command of that title, whatever its identifier. */
export async function runCommandTitled(title: string): Promise<void> {
  const extension = vscode.extensions.getExtension('chainwalk.chainwalk');
  const commands: readonly { title: string; command: string }[] = extension?.packageJSON.contributes?.commands ?? [];
  const found = commands.find((command) => command.title === title);
  assert.ok(found !== undefined, `the extension has no command titled ${title}`);
  await vscode.commands.executeCommand(found.command);
}

export function webviewTabs(): readonly vscode.Tab[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter(({ input }) => input instanceof vscode.TabInputWebview);
}
