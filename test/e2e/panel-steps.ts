// The simulation panel. client/src/webview/main.ts says by which names its parts are found.
import assert from 'node:assert/strict';
import type { FrameLocator, Locator } from 'playwright-core';
import { eventually, type Step } from './steps';
import type { Workbench } from './workbench';

/** A connection to the host of examples/notrack.rules. */
export function panelSteps(workbench: Workbench): readonly Step[] {
  const { page } = workbench;
  return [
    {
      name: 'window: the button in the editor title opens the panel, which traces a packet at once',
      run: async () => {
        await openPanel(workbench);
        assert.ok((await packets(workbench.webview()).count()) > 0, 'no packet');
        await workbench.screenshot('panel-first');
      },
    },
    {
      name: 'window: the handshake preset makes an ESTABLISHED entry',
      run: async () => {
        // The side bar makes room, as one would do oneself.
        await page.keyboard.press('Control+b');
        const panel = workbench.webview();
        const before = await packets(panel).count();
        await panel.locator('[data-preset=handshake]').click();
        // Where this host is the server it sends the SYN,ACK itself: two packets then, three for a router.
        await eventually('its packets', async () => (await packets(panel).count()) >= before + 2 || undefined);
        await settled(panel);
        await entries(panel).filter({ hasText: 'ESTABLISHED' }).first().waitFor();
        await workbench.screenshot('panel-handshake');
      },
    },
    {
      name: 'window: a click on a step lands on its line',
      run: async () => {
        const step = workbench.webview().locator('[role=option][data-line]').last();
        const line = Number(await step.getAttribute('data-line')) + 1;
        await step.click();
        await eventually(`line ${line}`, async () => (await workbench.currentLine()) === line || undefined);
        await workbench.screenshot('panel-step');
      },
    },
    {
      name: 'window: the panel runs again when the ruleset is edited',
      run: async () => {
        await workbench.clickAfter('-A INPUT -i lo -j ACCEPT');
        await page.keyboard.type('\n-A INPUT -j DROP');
        await page.keyboard.press('Escape');
        await workbench.webview().locator('[role=option][data-fate=dropped]').first().waitFor();
        await workbench.screenshot('panel-edited');
      },
    },
    {
      name: 'window: what the simulator cannot decide is taken as the reader says',
      run: async () => {
        await workbench.clickAfter('-A INPUT -i lo -j ACCEPT');
        await page.keyboard.type('\n-A INPUT -m cpu --cpu 1 -j REJECT');
        await page.keyboard.press('Escape');
        const panel = workbench.webview();
        await panel.locator('[role=option][data-fate=dropped]').first().click();
        const choice = panel.getByRole('group', { name: 'What is taken' }).first();
        await choice.getByRole('button', { name: 'matches', exact: true }).click();
        await panel.locator('[role=option][data-fate=rejected]').first().waitFor();
        await workbench.screenshot('panel-undecided');
      },
    },
  ];
}

/** A connection through the router of examples/router.rules, its addresses changed and changed back. */
export function routerSteps(workbench: Workbench): readonly Step[] {
  const { page } = workbench;
  return [
    {
      name: 'window: a packet typed in one line crosses the router, its destination rewritten',
      run: async () => {
        await openPanel(workbench);
        // View: Toggle Maximize Editor Group. In all the width the map lies in a row.
        await page.keyboard.press('Control+b');
        await page.getByRole('tab', { name: /^Trace/ }).click();
        await page.keyboard.press('Control+k');
        await page.keyboard.press('Control+m');
        const panel = workbench.webview();
        await panel
          .getByRole('textbox', { name: 'Packet line' })
          .fill('in wan0 tcp 198.51.100.7:41000 > 203.0.113.1:443 S');
        await panel.getByRole('button', { name: 'Add packet' }).click();
        await settled(panel);
        await entries(panel)
          .filter({ hasText: 'src=192.168.10.20 dst=198.51.100.7 sport=8443 dport=41000' })
          .first()
          .waitFor();
      },
    },
    {
      name: 'window: the reply leaves with the address that the client knows',
      run: async () => {
        const panel = workbench.webview();
        await panel.locator('[data-preset=reply]').click();
        await panel.getByText('leaves as 203.0.113.1:443 ▸ 198.51.100.7:41000').waitFor();
        await panel.locator('[data-place="FORWARD/filter"][data-crossed=true]').waitFor();
        await workbench.screenshot('panel-wide');
      },
    },
  ];
}

/** The webview's content security policy lets nothing in from elsewhere, and nothing asks for it. */
export function privacyStep(ruleset: string, foreign: readonly string[]): Step {
  return {
    name: `window: the panel of ${ruleset} fetched nothing from the network`,
    run: async () => assert.deepEqual(foreign, []),
  };
}

async function openPanel(workbench: Workbench): Promise<void> {
  await workbench.page.getByRole('button', { name: 'Trace a Packet' }).first().click({ timeout: 180_000 });
  await settled(workbench.webview());
}

function packets(panel: FrameLocator): Locator {
  return panel.getByRole('listbox', { name: 'Packets' }).getByRole('option');
}

function entries(panel: FrameLocator): Locator {
  return panel.getByRole('list', { name: 'Conntrack entries' }).getByRole('listitem');
}

/** Until the panel shows the answer to all that it asked. */
async function settled(panel: FrameLocator): Promise<void> {
  await panel.locator('body[data-settled=true]').waitFor();
}
