/** The pages of lint rules and of refusals, offline: as documents of Markdown that the editor's own preview shows. */
import { commands, type ExtensionContext, type TextDocumentContentProvider, Uri, window, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { PAGE, type PageParams, RULES, type RuleAnswer } from '../../server/src/lsp/protocol';

/** The code of a finding is a link to such a document; package.json has Markdown's preview open it. */
export const PAGE_SCHEME = 'chainwalk-docs';

export function registerRulePages(context: ExtensionContext, client: LanguageClient): void {
  const provider: TextDocumentContentProvider = {
    async provideTextDocumentContent({ path }) {
      const params: PageParams = { code: path.replace(/^\//, '').replace(/\.md$/, '') };
      return (await client.sendRequest<string | null>(PAGE, params)) ?? 'There is no such rule.';
    },
  };
  context.subscriptions.push(workspace.registerTextDocumentContentProvider(PAGE_SCHEME, provider));
}

/** @param code where nobody says it, the reader is asked */
export async function explainRule(client: LanguageClient, code: string | undefined): Promise<void> {
  const chosen = code ?? (await chooseRule(client));
  if (chosen === undefined) return;
  await commands.executeCommand('markdown.showPreview', Uri.from({ scheme: PAGE_SCHEME, path: `/${chosen}.md` }));
}

async function chooseRule(client: LanguageClient): Promise<string | undefined> {
  const rules = await client.sendRequest<readonly RuleAnswer[]>(RULES);
  const items = rules.map(({ code, title, group }) => ({ label: code, description: group, detail: title }));
  const picked = await window.showQuickPick(items, { placeHolder: 'Lint rule', matchOnDetail: true });
  return picked?.label;
}
