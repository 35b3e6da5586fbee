import { eventually, type Step } from './steps';
import type { Workbench } from './workbench';

/** The pitfall of examples/notrack.rules: seen, explained, mended. */
export function editorSteps(workbench: Workbench): readonly Step[] {
  const { page, squiggles } = workbench;
  return [
    {
      name: 'window: the warning squiggle, and its message under the pointer',
      run: async () => {
        await squiggles.first().waitFor({ timeout: 60_000 });
        const hover = await workbench.hover('--notrack');
        await eventually('the message', async () => /UNTRACKED/.test(await hover.innerText()) || undefined);
        await workbench.screenshot('warning');
      },
    },
    {
      name: 'window: the quick fix is applied and the squiggle goes',
      run: async () => {
        await page.keyboard.press('Escape');
        await workbench.clickAfter('--notrack');
        const menu = await workbench.quickFixMenu();
        await workbench.screenshot('quick-fix');
        await menu.locator('.action').filter({ hasText: 'UNTRACKED' }).first().click();
        await squiggles.first().waitFor({ state: 'detached' });
        await page.keyboard.press('Control+s');
      },
    },
    {
      name: 'window: a hover says what UNTRACKED is',
      run: async () => {
        const hover = await workbench.hover('UNTRACKED');
        await eventually('its text', async () => /NOTRACK/.test(await hover.innerText()) || undefined);
        await workbench.screenshot('hover-untracked');
        await page.keyboard.press('Escape');
      },
    },
  ];
}
