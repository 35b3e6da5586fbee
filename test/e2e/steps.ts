// The smallest test runner that both drivers of a real VS Code can carry: named steps, each on its own feet.

export interface StepResult {
  readonly name: string;
  readonly milliseconds: number;
  /** Absent where the step passed. */
  readonly error?: string;
}

export interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Runs the steps in order; one that fails does not hide the ones after it. */
export async function runSteps(
  steps: readonly Step[],
  afterFailure: (step: Step) => Promise<void> = async () => undefined,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const start = Date.now();
    try {
      await step.run();
      results.push({ name: step.name, milliseconds: Date.now() - start });
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      results.push({ name: step.name, milliseconds: Date.now() - start, error: text });
      await afterFailure(step).catch(() => undefined);
    }
  }
  return results;
}

/** Asks again until there is an answer; says what was waited for when there is none in time. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  milliseconds = 60_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
