// The main job as a person does it, in windows of a real VS Code.
import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { editorSteps } from './editor-steps';
import { panelSteps, privacyStep, routerSteps } from './panel-steps';
import { runSteps, type Step, type StepResult } from './steps';
import { foreignRequests, type Workbench, workbenchOf } from './workbench';

/** A window and what is done in it: a step may rely on the ones before it. */
interface Scene {
  readonly ruleset: string;
  readonly steps: (workbench: Workbench) => readonly Step[];
}

const scenes: readonly Scene[] = [
  { ruleset: 'notrack.rules', steps: (workbench) => [...editorSteps(workbench), ...panelSteps(workbench)] },
  { ruleset: 'router.rules', steps: routerSteps },
];

/**
 * Plays the scenes and leaves their screenshots.
 * @param addressOf the address of a window in which that file of examples/ is open
 */
export async function runUi(
  browser: Browser,
  addressOf: (ruleset: string) => string,
  screenshotsDir: string,
): Promise<StepResult[]> {
  mkdirSync(screenshotsDir, { recursive: true });
  const results: StepResult[] = [];
  for (const { ruleset, steps } of scenes) {
    const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
    // Long enough for a machine that does other things too: a step that fails is the only one that waits so long.
    page.setDefaultTimeout(60_000);
    const foreign = foreignRequests(page);
    const workbench = workbenchOf(page, screenshotsDir);
    await page.goto(addressOf(ruleset));
    results.push(
      ...(await runSteps([...steps(workbench), privacyStep(ruleset, foreign)], ({ name }) =>
        workbench.screenshot(`failed-${name.replaceAll(/[^A-Za-z0-9]+/g, '-')}`),
      )),
    );
    await page.close();
  }
  return results;
}
