/** A scenario in, a result out: its ruleset is read, checked and lowered, then its packets run through it. */
import { RefusedBridgeText } from '../../../src-sim/ebt/refused-text';
import { RefusedRule } from '../../../src-sim/sim/refused-rule';
import type { Scenario } from '../../../src-sim/sim/scenario';
import { type SimulateOptions, simulate } from '../../../src-sim/sim/simulator';
import type { Result } from '../../../src-sim/sim/trace';
import { allProblems } from './check';
import { createDocument, type Document } from './document';
import type { LocatedProblem } from './located-problem';
import { lower } from './lower';

/** Never throws: what cannot be run is answered with `load.ok` false, as the kernel would answer it. */
export function runScenario(scenario: Scenario, options: SimulateOptions = {}): Result {
  const family = scenario.family === 6 ? 'ipv6' : 'ipv4';
  const rules = scenario.rules.endsWith('\n') ? scenario.rules : `${scenario.rules}\n`;
  const document = createDocument(rules, { family });
  return runDocument(document, scenario, options);
}

/** The same for a ruleset that is read already. */
export function runDocument(
  document: Document,
  scenario: Pick<Scenario, 'host' | 'packets' | 'seed' | 'start' | 'assume'>,
  options: SimulateOptions = {},
): Result {
  const refusal = firstRefusal(document);
  if (refusal) return refusedResult(placeOf(refusal));
  try {
    return simulate(lower(document.tree), scenario, options);
  } catch (error) {
    if (error instanceof RefusedBridgeText)
      return refusedResult(`${error.line + 1}:${error.column + 1}: ebtables: ${error.message}`);
    const line = error instanceof RefusedRule ? error.line : 0;
    return refusedResult(`${line + 1}:1: ${messageOf(error)}`);
  }
}

/** The answer where nothing could be run. `error` is `line:column: text`, both from 1. */
export function refusedResult(error: string): Result {
  return { load: { ok: false, error }, packets: [], counters: {} };
}

/** What iptables-legacy-restore, whose kernel tables are simulated, would stop at on a machine that looks no names up. */
function firstRefusal(document: Document): LocatedProblem | undefined {
  return allProblems(document).find(
    (one) => one.severity === 'error' || one.refusedBy === 'legacy' || one.code === 'host-name',
  );
}

function placeOf({ line, span, message }: LocatedProblem): string {
  return `${line + 1}:${span.start + 1}: ${message}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
