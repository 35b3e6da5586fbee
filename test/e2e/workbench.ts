// How the test finds its way in VS Code's window: the names of the workbench's parts stand here and nowhere else.
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { eventually } from './steps';

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The window of one editor: its text, its hovers, its quick fixes. */
export interface Workbench {
  readonly page: Page;
  readonly squiggles: Locator;
  screenshot(name: string): Promise<void>;
  /** Points at the middle of the first occurrence of `text` in the code, and waits for the hover that answers. */
  hover(text: string): Promise<Locator>;
  /** Puts the cursor behind the first occurrence of `text` in the code. */
  clickAfter(text: string): Promise<void>;
  /** Chooses the quick fix called `title` of what stands at the cursor behind `text`; `seen` looks at its menu. */
  applyQuickFix(text: string, title: string, seen: () => Promise<void>): Promise<void>;
  /** Whether the editor shows the text, comments left out. */
  shows(text: string): Promise<boolean>;
  /** The number of the line that has the cursor, whether or not the editor has the keyboard. */
  currentLine(): Promise<number>;
  /** The innermost frame of the only webview: an extension's page stands in a frame of VS Code's frame. */
  webview(): FrameLocator;
}

export function workbenchOf(page: Page, screenshotsDir: string): Workbench {
  const editor = page.locator('.editor-instance .monaco-editor').first();
  return {
    page,
    squiggles: editor.locator('.squiggly-warning'),
    async screenshot(name) {
      await page.screenshot({ path: join(screenshotsDir, `${name}.png`) });
    },
    async hover(text) {
      const hover = page.locator('.monaco-resizable-hover .monaco-hover:not(.hidden)').first();
      await eventually(`a hover on ${text}`, async () => {
        const { x, y } = await settledPlace(editor, text, 'middle');
        // From elsewhere: a pointer that already rests there makes no hover.
        await page.mouse.move(x, y + 200);
        await page.mouse.move(x, y, { steps: 5 });
        return hover.waitFor({ timeout: 3000 }).then(
          () => true,
          () => undefined,
        );
      });
      return hover;
    },
    async clickAfter(text) {
      const { x, y } = await settledPlace(editor, text, 'end');
      await page.mouse.click(x, y);
    },
    async applyQuickFix(text, title, seen) {
      // Diagnostics that come in meanwhile close the menu, or make it anew under the pointer: then it is asked again.
      await eventually(`the quick fix ${title}`, async () => {
        await page.keyboard.press('Escape');
        await this.clickAfter(text);
        await page.keyboard.press('Control+.');
        const action = page.locator('.action-widget .action').filter({ hasText: title }).first();
        return action
          .waitFor({ timeout: 3000 })
          .then(seen)
          .then(() => action.click({ timeout: 3000 }))
          .then(
            () => true,
            () => undefined,
          );
      });
    },
    async shows(text) {
      return (await placeOf(editor, text, 'middle')) !== undefined;
    },
    async currentLine() {
      return Number(await editor.locator('.margin-view-overlays .active-line-number').first().innerText());
    },
    webview: () => page.frameLocator('iframe.webview.ready').frameLocator('#active-frame'),
  };
}

/**
 * Gathers the requests of the frames inside the window that leave this machine. An extension's own files have addresses
 * under vscode-cdn.net too, which VS Code's service worker answers itself.
 */
export function foreignRequests(page: Page): readonly string[] {
  const foreign: string[] = [];
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const local = protocol === 'data:' || protocol === 'blob:' || hostname === '127.0.0.1';
    const ownFile = hostname.endsWith('.vscode-resource.vscode-cdn.net');
    if (!local && !ownFile && request.frame() !== page.mainFrame()) foreign.push(request.url());
  });
  return foreign;
}

/** Where `text` stands once it stays there: code lenses that come in late push the lines down. */
function settledPlace(editor: Locator, text: string, which: 'middle' | 'end'): Promise<Place> {
  let last: Place | undefined;
  return eventually(`${text} in the editor`, async () => {
    const place = await placeOf(editor, text, which);
    const stays = place !== undefined && place.x === last?.x && place.y === last.y;
    last = place;
    return stays ? place : undefined;
  });
}

/** Where `text` stands on the screen, comments left out: the editor draws a line as spans that may divide it anywhere. */
function placeOf(editor: Locator, text: string, which: 'middle' | 'end'): Promise<Place | undefined> {
  return editor.evaluate(
    (element, { wanted, end }) => {
      for (const line of element.querySelectorAll('.view-lines .view-line')) {
        // VS Code draws blanks as no-break spaces.
        const content = (line.textContent ?? '').replaceAll('\u00a0', ' ');
        const at = content.trimStart().startsWith('#') ? -1 : content.indexOf(wanted);
        if (at < 0) continue;
        const range = document.createRange();
        const nodes = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        let offset = 0;
        for (let node = nodes.nextNode(); node !== null; node = nodes.nextNode()) {
          const length = node.textContent?.length ?? 0;
          if (at >= offset && at < offset + length) range.setStart(node, at - offset);
          const last = at + wanted.length;
          if (last > offset && last <= offset + length) range.setEnd(node, last - offset);
          offset += length;
        }
        const box = range.getBoundingClientRect();
        return { x: end ? box.right - 1 : box.left + box.width / 2, y: box.top + box.height / 2 };
      }
      return undefined;
    },
    { wanted: text, end: which === 'end' },
  );
}
