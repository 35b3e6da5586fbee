/** Many packets, and only what became of each: no story, no conntrack lines, and the chains compiled. */
import type { Ruleset } from '../netfilter/ruleset';
import { CompiledChains } from './compiled/compiled-walk';
import type { InFlight } from './in-flight';
import { inject, setUpMachine } from './inject';
import type { Machine } from './machine';
import type { Scenario, ScenarioPacket } from './scenario';
import { snapshotCounters } from './simulator';
import type { PacketFate, Result } from './trace';

export interface Verdicts {
  /** How many packets met each fate. */
  readonly fates: Readonly<Record<PacketFate['kind'], number>>;
  readonly counters: Result['counters'];
  /** How many entries the conntrack table holds at the end. */
  readonly entries: number;
}

export interface VerdictOptions {
  /** `plain` tests rule after rule, as the kernel does: the reference for `compiled`. */
  readonly walk?: 'compiled' | 'plain';
  /** Sees the machine after each packet, before the next one changes it. */
  readonly observe?: (machine: Machine, flight: InFlight) => void;
}

/**
 * @throws Error when the host or a packet cannot be read (an address, a route, a protocol); the message says which.
 * @throws RefusedRule when a rule names what the host does not have (an ipset).
 */
export function verdicts(
  ruleset: Ruleset,
  scenario: Pick<Scenario, 'host' | 'seed' | 'start' | 'assume'>,
  packets: Iterable<ScenarioPacket>,
  { walk = 'compiled', observe }: VerdictOptions = {},
): Verdicts {
  const machine = setUpMachine(ruleset, scenario, 'none');
  if (walk === 'compiled') machine.traverse = new CompiledChains(machine).traverse;
  const fates = { sent: 0, delivered: 0, dropped: 0, rejected: 0, held: 0 };
  for (const packet of packets) {
    const flight = inject(machine, packet);
    fates[flight.story.fate.kind] += 1;
    observe?.(machine, flight);
  }
  return { fates, counters: snapshotCounters(machine), entries: machine.table.size };
}
