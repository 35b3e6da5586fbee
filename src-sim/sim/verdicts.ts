/** Many packets, and only what became of each: no story, no conntrack lines, and the chains compiled. */
import type { Ruleset } from '../netfilter/ruleset';
import { CompiledChains } from './compiled/compiled-walk';
import { begin, setUpMachine, walk } from './inject';
import { LearntWays } from './learnt/learnt-ways';
import { PlainPacket } from './learnt/plain-packet';
import type { Machine } from './machine';
import { PacketColumns } from './packet-columns';
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
  /**
   * `plain` tests rule after rule, as the kernel does: the reference for the others. `compiled` tests those that may
   * match; `learnt` does so once for all packets that go the same way, and makes no frames of the others.
   */
  readonly walk?: 'learnt' | 'compiled' | 'plain';
  /** Sees the machine after each packet, before the next one changes it. */
  readonly observe?: (machine: Machine, fate: PacketFate) => void;
}

/**
 * @throws Error when the host or a packet cannot be read (an address, a route, a protocol); the message says which.
 * @throws RefusedRule when a rule names what the host does not have (an ipset).
 */
export function verdicts(
  ruleset: Ruleset,
  scenario: Pick<Scenario, 'host' | 'seed' | 'start' | 'assume'>,
  packets: Iterable<ScenarioPacket> | PacketColumns,
  { walk: kind = 'learnt', observe }: VerdictOptions = {},
): Verdicts {
  const machine = setUpMachine(ruleset, scenario, 'none');
  const chains = kind === 'plain' ? undefined : new CompiledChains(machine);
  if (chains) machine.traverse = chains.traverse;
  const ways = chains && kind === 'learnt' && LearntWays.suits(machine) ? new LearntWays(machine, chains) : undefined;
  const fates = { sent: 0, delivered: 0, dropped: 0, rejected: 0, held: 0 };
  const note = (fate: PacketFate) => {
    fates[fate.kind] += 1;
    observe?.(machine, fate);
  };
  // One for all: what is read into it is done with before the next.
  const plain = new PlainPacket();
  if (packets instanceof PacketColumns) runColumns(machine, packets, plain, ways, note);
  else for (const packet of packets) note(run(machine, packet, plain, ways));
  return { fates, counters: snapshotCounters(machine), entries: machine.table.size };
}

function run(machine: Machine, packet: ScenarioPacket, plain: PlainPacket, ways: LearntWays | undefined): PacketFate {
  begin(machine, packet.wait ?? 0);
  return ways !== undefined && plain.read(packet) ? ways.go(plain, () => packet) : walk(machine, packet).story.fate;
}

function runColumns(
  machine: Machine,
  columns: PacketColumns,
  plain: PlainPacket,
  ways: LearntWays | undefined,
  note: (fate: PacketFate) => void,
): void {
  let row = 0;
  const source = () => columns.packet(row);
  for (; row < columns.length; row += 1) {
    begin(machine, columns.wait[row] ?? 0);
    const isPlain = ways !== undefined && plain.readRow(columns, row);
    note(isPlain ? ways.go(plain, source) : walk(machine, source()).story.fate);
  }
}
