import { existsSync } from 'node:fs';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '..', '..');

/**
 * The folder of reference data (corpus of rulesets, answers of the kernel), which is not part of the repository:
 * named by CHAINWALK_DATA, or `shared` beside the checkout. Undefined where it is not there: such tests are skipped.
 */
export const sharedData: string | undefined = [process.env.CHAINWALK_DATA, join(checkout, '..', 'shared')].find(
  (folder) => folder !== undefined && existsSync(join(folder, 'corpus')),
);
