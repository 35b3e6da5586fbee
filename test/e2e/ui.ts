// The main job as a person does it, in the window of a real VS Code.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { runSteps, type StepResult } from './steps';
import { windowSteps } from './window';

/** Works through the window at `address`, in the dark theme; the screenshots go into `screenshotsDir`. */
export async function runUi(browser: Browser, address: string, screenshotsDir: string): Promise<StepResult[]> {
  mkdirSync(screenshotsDir, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' });
  page.setDefaultTimeout(20_000);
  const screenshot = async (name: string) => {
    await page.screenshot({ path: join(screenshotsDir, `${name}.png`) });
  };
  await page.goto(address);
  const results = await runSteps(windowSteps(page, screenshot), ({ name }) =>
    screenshot(`failed-${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}`),
  );
  await page.close();
  return results;
}
