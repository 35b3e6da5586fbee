/** The pages of lint rules and of refusals, offline: as documents of Markdown that the editor's own preview shows. */
import { commands, type ExtensionContext, type TextDocumentContentProvider, Uri, window, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { PAGE, type PageParams, RULES, type RuleAnswer } from '../../server/src/lsp/protocol';

const SCHEME = 'chainwalk-docs';

export function registerRulePages(context: ExtensionContext, client: LanguageClient): void {
  const provider: TextDocumentContentProvider = {
    async provideTextDocumentContent({ path }) {
      const params: PageParams = { code: path.replace(/^\//, '').replace(/\.md$/, '') };
      return (await client.sendRequest<string | null>(PAGE, params)) ?? 'There is no such rule.';
    },
  };
  context.subscriptions.push(
    workspace.registerTextDocumentContentProvider(SCHEME, provider),
    // The code of a finding is a link of this kind: vscode://chainwalk.chainwalk/rule/CODE.
    window.registerUriHandler({ handleUri: (uri) => openLink(client, uri) }),
  );
}

/** Anybody can make such a link: it opens pages that the server has, and nothing else. */
async function openLink(client: LanguageClient, { path }: Uri): Promise<void> {
  const code = /^\/rule\/([a-z0-9-]+)$/.exec(path)?.[1];
  const params: PageParams | undefined = code === undefined ? undefined : { code };
  const page = params && (await client.sendRequest<string | null>(PAGE, params));
  if (page) await explainRule(client, code);
  else await window.showInformationMessage('The link leads to no page of a lint rule.');
}

/** @param code where nobody says it, the reader is asked */
export async function explainRule(client: LanguageClient, code: string | undefined): Promise<void> {
  const chosen = code ?? (await chooseRule(client));
  if (chosen === undefined) return;
  await commands.executeCommand('markdown.showPreview', Uri.from({ scheme: SCHEME, path: `/${chosen}.md` }));
}

async function chooseRule(client: LanguageClient): Promise<string | undefined> {
  const rules = await client.sendRequest<readonly RuleAnswer[]>(RULES);
  const items = rules.map(({ code, title, group }) => ({ label: code, description: group, detail: title }));
  const picked = await window.showQuickPick(items, { placeHolder: 'Lint rule', matchOnDetail: true });
  return picked?.label;
}
