/** Scenarios with what a kernel answered to them: test/data/kernel/RELEASE-CLASS.jsonl, one a line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../../src-sim/sim/scenario';
import type { KernelAnswer } from './agreement';

export interface Recording {
  readonly scenario: Scenario;
  readonly answer: KernelAnswer;
}

const FOLDER = join(import.meta.dirname, '..', 'data', 'kernel');

export const RECORDING_FILES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.jsonl'))
  .sort();

export function readRecordings(file: string): readonly Recording[] {
  const lines = readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line): Recording => JSON.parse(line));
}
