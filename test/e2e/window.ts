import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Step } from './steps';

export function windowSteps(page: Page, screenshot: (name: string) => Promise<void>): readonly Step[] {
  return [
    {
      name: 'window: the warning squiggle and its message',
      run: async () => {
        await page.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
        await screenshot('editor');
        assert.ok(true);
      },
    },
  ];
}
