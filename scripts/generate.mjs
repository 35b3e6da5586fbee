/** `npm run generate`: writes the documents and manifest parts that are made of declarations, as their freshness tests expect them. */
import { spawnSync } from 'node:child_process';

const TESTS = ['test/generated.test.ts', 'test/features-manifest.test.ts'];
const { status } = spawnSync('npx', ['vitest', 'run', ...TESTS], {
  stdio: 'inherit',
  env: { ...process.env, UPDATE_EXPECT: '1' },
});
process.exit(status ?? 1);
