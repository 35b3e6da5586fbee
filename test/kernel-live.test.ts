/**
 * The simulator against this machine's own kernel, on scenarios that nobody has seen: where we are root, and where the
 * reference data has the program that asks the kernel. A failure names the seed that repeats it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import type { Scenario } from '../src-sim/sim/scenario';
import { disagreements, type KernelAnswer } from './support/agreement';
import { iptablesLegacyRestore } from './support/root-tools';
import { aimedAt } from './support/scenarios/aimed';
import { DIRECTOR_CLASSES, SCENARIO_CLASSES } from './support/scenarios/classes';
import { sharedData } from './support/shared-data';

/** The program that runs scenarios on the kernel, in whichever folder of the reference data it is. */
const KERNEL = (sharedData === undefined ? [] : readdirSync(sharedData))
  .map((folder) => join(sharedData ?? '', folder, 'kernel.py'))
  .find((file) => existsSync(file));
const CAN_ASK = KERNEL !== undefined && iptablesLegacyRestore !== undefined;
const SCENARIOS_A_CLASS = 2;
const AIMED_AT_A_TIME = 4;

const seed = Number(process.env.CHAINWALK_SEED ?? Date.now() % 1_000_000);
const scenarios = [
  ...Object.values({ ...SCENARIO_CLASSES, ...DIRECTOR_CLASSES }).flatMap((make) =>
    Array.from({ length: SCENARIOS_A_CLASS }, (_, index) => make(seed + index)),
  ),
  ...aimedScenarios(),
];

/** Rulesets of real hosts, some at a time: which, says the seed. */
function aimedScenarios(): readonly Scenario[] {
  const folder = sharedData === undefined ? undefined : join(sharedData, 'corpus', 'saved');
  if (folder === undefined || !existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.legacy-save'));
  return Array.from({ length: AIMED_AT_A_TIME }, (_, index) => files[(seed + index * 61) % files.length] ?? '').map(
    (file) => aimedAt(file, readFileSync(join(folder, file), 'utf8'), /v6|user6|before6|ip6/.test(file) ? 6 : 4, seed),
  );
}

function askKernel(
  asked: readonly Scenario[],
): readonly (KernelAnswer & { readonly load?: { readonly ok: boolean } })[] {
  const input = asked.map((scenario) => `${JSON.stringify(scenario)}\n`).join('');
  const { stdout } = spawnSync('python3', [KERNEL ?? ''], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

describe.runIf(CAN_ASK)(`this kernel (CHAINWALK_SEED=${seed})`, () => {
  // Asked twice: what the kernel takes at random, and a frame that a busy machine lost, differ.
  const [first, second] = CAN_ASK ? [askKernel(scenarios), askKernel(scenarios)] : [[], []];

  it.each(scenarios.map((scenario, index) => [scenario.name ?? '', scenario, index] as const))(
    '%s',
    (_, scenario, index) => {
      const [answer, again] = [first[index], second[index]];
      if (!answer?.load?.ok || !again?.load?.ok) return;
      const ours = runScenario(scenario);
      for (const [packet, { trace, out }] of answer.packets.entries()) {
        const repeated = again.packets[packet];
        if (!same(trace, repeated?.trace) || !same(out.map(withoutId), repeated?.out.map(withoutId))) return;
        expect({ packet, differing: disagreements(ours, answer, packet) }).toEqual({ packet, differing: [] });
      }
    },
  );
});

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function withoutId(frame: object): object {
  return { ...frame, id: undefined };
}
