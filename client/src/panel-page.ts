/** The panel's page: two files of our own, and a policy that lets nothing else in. */
import { Uri, type Webview } from 'vscode';

/** @param dist the folder of the bundles: the only one that the page may read */
export function panelPage(webview: Webview, dist: Uri): string {
  const style = webview.asWebviewUri(Uri.joinPath(dist, 'panel.css'));
  const script = webview.asWebviewUri(Uri.joinPath(dist, 'webview.js'));
  const nonce = globalThis.crypto.randomUUID();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Simulation</title>
    <link rel="stylesheet" href="${style}">
  </head>
  <body>
    <script nonce="${nonce}" src="${script}"></script>
  </body>
</html>`;
}
