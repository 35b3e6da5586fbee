import { eventually, type Step } from './steps';
import type { Workbench } from './workbench';

/** A window, an extension host and a language server start, on a machine that has other things to do. */
const START_MS = 180_000;

/** The pitfall of examples/notrack.rules: seen, explained, mended. */
export function editorSteps(workbench: Workbench): readonly Step[] {
  const { page, squiggles } = workbench;
  return [
    {
      name: 'window: the warning squiggle, and its message under the pointer',
      run: async () => {
        await squiggles.first().waitFor({ timeout: START_MS });
        const hover = await workbench.hover('--notrack');
        await eventually('the message', async () => /UNTRACKED/.test(await hover.innerText()) || undefined);
        await workbench.screenshot('warning');
      },
    },
    {
      name: 'window: the code in the message leads to its page, without the network',
      run: async () => {
        const hover = await workbench.hover('--notrack');
        await hover.getByRole('link', { name: 'notrack-without-untracked' }).click();
        await page.getByRole('tab', { name: /notrack-without-untracked/ }).waitFor();
        await workbench.webview().getByText('Why it matters').waitFor();
        await closeTab(workbench, /notrack-without-untracked/);
      },
    },
    {
      name: 'window: the witness of the finding is traced in the panel',
      run: async () => {
        await page.keyboard.press('Escape');
        await workbench.applyQuickFix('--notrack', 'Trace the witness', async () => undefined);
        const dropped = workbench.webview().locator('[role=option][data-fate=dropped][aria-selected=true]');
        await dropped.first().waitFor();
        await workbench.screenshot('witness');
        await closeTab(workbench, /^Trace/);
      },
    },
    {
      name: 'window: the finding is explained, without the network',
      run: async () => {
        await workbench.applyQuickFix('--notrack', 'Explain notrack-without-untracked', async () => undefined);
        await page.getByRole('tab', { name: /notrack-without-untracked/ }).waitFor();
        await workbench.webview().getByText('Why it matters').waitFor();
        await workbench.screenshot('explained');
        await closeTab(workbench, /notrack-without-untracked/);
      },
    },
    {
      name: 'window: the quick fix is applied and the squiggle goes',
      run: async () => {
        await page.keyboard.press('Escape');
        await squiggles.first().waitFor();
        const before = await squiggles.count();
        await workbench.applyQuickFix('--notrack', 'UNTRACKED', () => workbench.screenshot('quick-fix'));
        await eventually('its rule', async () => (await workbench.shows('--ctstate UNTRACKED')) || undefined);
        await eventually('one squiggle less', async () => (await squiggles.count()) < before || undefined);
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

/** Puts an editor away, and waits until the ruleset is alone. */
async function closeTab({ page }: Workbench, name: RegExp): Promise<void> {
  const tab = page.getByRole('tab', { name });
  // The keyboard is in the page's own frame.
  await tab.click({ button: 'middle' });
  await tab.waitFor({ state: 'detached' });
}
