import assert from 'node:assert/strict';
import type { FrameLocator, Page } from 'playwright-core';
import { eventually, type Step } from './steps';
import { type Workbench, workbenchOf } from './workbench';

type Screenshot = (name: string) => Promise<void>;

/** examples/notrack.rules from its warning to a packet's trace. A step may rely on the ones before it. */
export function windowSteps(page: Page, screenshot: Screenshot): readonly Step[] {
  const workbench = workbenchOf(page);
  return [...editorSteps(workbench, screenshot), ...panelSteps(workbench, screenshot)];
}

function editorSteps(workbench: Workbench, screenshot: Screenshot): readonly Step[] {
  const { page, squiggles } = workbench;
  return [
    {
      name: 'window: the warning squiggle, and its message under the pointer',
      run: async () => {
        await squiggles.first().waitFor({ timeout: 60_000 });
        const hover = await workbench.hover('--notrack');
        await eventually('the message', async () => /UNTRACKED/.test(await hover.innerText()) || undefined);
        await screenshot('warning');
      },
    },
    {
      name: 'window: the quick fix is applied and the squiggle goes',
      run: async () => {
        await page.keyboard.press('Escape');
        await workbench.clickAfter('--notrack');
        const menu = await workbench.quickFixMenu();
        await screenshot('quick-fix');
        await menu
          .locator('.action')
          .filter({ hasText: /UNTRACKED/ })
          .first()
          .click();
        await squiggles.first().waitFor({ state: 'detached' });
        await page.keyboard.press('Control+s');
      },
    },
    {
      name: 'window: a hover says what UNTRACKED is',
      run: async () => {
        const hover = await workbench.hover('UNTRACKED');
        await eventually('its text', async () => /NOTRACK|--notrack/.test(await hover.innerText()) || undefined);
        await screenshot('hover-untracked');
        await page.keyboard.press('Escape');
      },
    },
  ];
}

function panelSteps(workbench: Workbench, screenshot: Screenshot): readonly Step[] {
  const { page } = workbench;
  return [
    {
      name: 'window: the button in the editor title opens the panel, which traces a packet at once',
      run: async () => {
        await page
          .getByRole('button', { name: /Trace a Packet/ })
          .first()
          .click();
        const panel = workbench.webview();
        await settled(panel);
        assert.ok((await packets(panel).count()) > 0, 'no packet');
        await screenshot('panel-first');
      },
    },
    {
      name: 'window: the handshake preset makes an ESTABLISHED entry',
      run: async () => {
        const panel = workbench.webview();
        const before = await packets(panel).count();
        await panel.locator('[data-preset=handshake]').click();
        await eventually('three more packets', async () => (await packets(panel).count()) === before + 3 || undefined);
        await settled(panel);
        const entries = panel.getByRole('list', { name: 'Conntrack entries' }).getByRole('listitem');
        await entries.filter({ hasText: 'ESTABLISHED' }).first().waitFor();
        await screenshot('panel-handshake');
      },
    },
    {
      name: 'window: a click on a step lands on its line',
      run: async () => {
        const rules = workbench.webview().locator('[role=option][data-line]');
        const step = rules.last();
        const line = Number(await step.getAttribute('data-line')) + 1;
        await step.click();
        await eventually(`line ${line}`, async () => (await workbench.currentLine()) === line || undefined);
        await screenshot('panel-step');
      },
    },
    {
      name: 'window: the panel runs again when the ruleset is edited',
      run: async () => {
        const panel = workbench.webview();
        await workbench.clickAfter('-A INPUT -i lo -j ACCEPT');
        await page.keyboard.type('\n-A INPUT -j DROP');
        await panel.locator('[role=option][data-fate=dropped]').first().waitFor();
        await screenshot('panel-edited');
      },
    },
  ];
}

function packets(panel: FrameLocator) {
  return panel.getByRole('listbox', { name: 'Packets' }).getByRole('option');
}

/** Until the panel shows the answer to all that it asked. */
async function settled(panel: FrameLocator): Promise<void> {
  await panel.locator('body[data-settled=true]').waitFor();
}
