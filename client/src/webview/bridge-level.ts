/**
 * The bridge's own hooks, where a bridge carries the packet: which tables of ebtables the frame crossed, and what the
 * bridge did with it. Made from the simulator's steps; knows nothing of the page.
 */
import { type BridgeHook, type BridgeTableName, bridgeHookEntries } from '../../../src-sim/netfilter/hook';
import type { Step } from '../../../src-sim/sim/trace';
import { toned, verdictTone, type Words } from './tone';

export interface BridgeStop {
  /** `PREROUTING`; of `broute` it is part of that. */
  readonly hook: string;
  readonly tables: readonly BridgeTableStop[];
}

export interface BridgeTableStop {
  readonly table: BridgeTableName;
  readonly words: Words;
  /** The last step there. */
  readonly step: number;
}

export interface BridgeLevel {
  readonly stops: readonly BridgeStop[];
  /** `the frame for 02:… goes to p1` */
  readonly said: readonly { readonly text: string; readonly step: number }[];
}

type BridgeStep = Extract<Step, { bridgeHook: string }>;

/** Undefined where no bridge carried the packet. */
export function bridgeLevel(steps: readonly Step[]): BridgeLevel | undefined {
  const stops: { hook: string; tables: BridgeTableStop[] }[] = [];
  const said: { text: string; step: number }[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'bridge') said.push({ text: step.text, step: index });
    if (!('bridgeHook' in step)) continue;
    const hook = step.bridgeHook === 'BROUTING' ? 'PREROUTING' : step.bridgeHook;
    let stop = stops.at(-1);
    if (stop?.hook !== hook) {
      stop = { hook, tables: [] };
      stops.push(stop);
    }
    const before = stop.tables.find(({ table }) => table === step.bridgeTable);
    const others = stop.tables.filter((one) => one !== before);
    stop.tables = [...others, { table: step.bridgeTable, words: wordsOf(step, before), step: index }];
  }
  return stops.length + said.length === 0 ? undefined : { stops, said };
}

/** What decided: a rule or a policy; what a rule that lets the walk go on has said is kept until something does. */
function wordsOf(step: BridgeStep, before: BridgeTableStop | undefined): Words {
  if (step.kind === 'bridge-policy') return ['policy ', toned(verdictTone(step.verdict), step.verdict)];
  if (!step.matched || /^jump |^CONTINUE$/.test(step.verdict)) return before?.words ?? [];
  const place = step.chain === step.bridgeHook ? `rule ${step.number}` : `${step.chain}:${step.number}`;
  const [last = ''] = step.verdict.split(' ').slice(-1);
  return [`${place} `, toned(verdictTone(last), step.verdict)];
}

/** Where ebtables stands at a hook, as its title says: `nat · IP chains`. */
export function bridgeHookWords(hook: BridgeHook): string {
  const entries = bridgeHookEntries(hook, 'legacy').map(({ run }) =>
    run.kind === 'bridge-table' ? run.table : run.kind === 'ip-chains' ? 'IP chains' : 'conntrack confirms',
  );
  return entries.join(' → ');
}
