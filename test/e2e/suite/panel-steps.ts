import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, type Step } from '../steps';
import { openExample, runCommandTitled, webviewTabs } from './editor';

/** The ways into the simulation panel; what happens in it is for the test that sees the window. */
export function panelSteps(): readonly Step[] {
  return [
    {
      name: 'host: the command opens the simulation panel',
      run: async () => {
        await openExample('notrack.rules');
        await runCommandTitled('Trace a Packet');
        await theOnlyPanel();
      },
    },
    {
      name: 'host: so does the code lens above a chain',
      run: async () => {
        await vscode.window.tabGroups.close(webviewTabs());
        const { uri } = await openExample('router.rules');
        const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
          'vscode.executeCodeLensProvider',
          uri,
          99,
        );
        const command = lenses.find((lens) => lens.command?.title === 'Trace a packet')?.command;
        assert.ok(command !== undefined, 'no code lens');
        await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
        await theOnlyPanel();
      },
    },
  ];
}

async function theOnlyPanel(): Promise<void> {
  await eventually('the panel', () => webviewTabs()[0]);
  assert.equal(webviewTabs().length, 1);
}
