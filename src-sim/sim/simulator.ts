/** A scenario in, a result out: what the kernel would have done with each packet. */
import { formatExpectation } from '../conntrack/expectation';
import { formatEntry } from '../conntrack/format';
import type { Ruleset } from '../netfilter/ruleset';
import { framesOf } from './frame';
import type { Story } from './in-flight';
import { type CommandStory, inject, runCommand, setUpMachine } from './inject';
import { readLog } from './kernel-log';
import type { Explain, Machine } from './machine';
import { traceProtocol } from './say';
import { isCommand, type Scenario } from './scenario';
import type { MadePacket, PacketResult, Result } from './trace';

export interface SimulateOptions {
  readonly explain?: Explain;
}

/**
 * Runs the packets one after another through the ruleset.
 *
 * @throws Error when the host or a packet cannot be read (an address, a route, a protocol); the message says which.
 * @throws RefusedRule when a rule names what the host does not have (an ipset).
 */
export function simulate(
  ruleset: Ruleset,
  scenario: Pick<Scenario, 'host' | 'packets' | 'seed' | 'start' | 'assume'>,
  options: SimulateOptions = {},
): Result {
  const machine = setUpMachine(ruleset, scenario, options.explain ?? 'all');
  const packets = (scenario.packets ?? []).map((step) => {
    const story = isCommand(step) ? runCommand(machine, step) : inject(machine, step).story;
    return resultOf(machine, story);
  });
  let counters: Result['counters'] | undefined;
  return {
    load: { ok: true, error: '' },
    packets,
    // Made when somebody asks: a hundred thousand names of rules are more work than the packet.
    get counters() {
      counters ??= snapshotCounters(machine);
      return counters;
    },
    ...(machine.bridgeTables === undefined ? {} : { ebtables: machine.bridgeTables.snapshot() }),
  };
}

/** A packet's story, or a command's. */
type Told = CommandStory | Story;

function resultOf(machine: Machine, story: Told): PacketResult {
  const own = 'packet' in story ? [story] : [];
  const logged = readLog([...own, ...machine.made]);
  return {
    trace: logged.trace,
    caused: logged.caused,
    out: machine.sent.flatMap(framesOf),
    conntrack: [...machine.table.entries()].map((entry) => formatEntry(entry, machine.now)),
    expectations: machine.table.expectations.all().map((one) => formatExpectation(one, machine.now)),
    steps: story.steps ?? [],
    fate: story.fate,
    time: machine.now,
    unsure: [...machine.unsure],
    made: machine.made.map(madePacket),
  };
}

function madePacket({ packet, what, log, isCopy, steps, fate }: Story): MadePacket {
  const trace = isCopy ? [] : (log?.map(({ text }) => text) ?? []);
  return { src: packet.src, dst: packet.dst, proto: traceProtocol(packet), trace, steps: steps ?? [], fate, what };
}

export function snapshotCounters(machine: Machine): Result['counters'] {
  const places: [string, readonly [number, number]][] = [];
  for (const { name, chains } of machine.ruleset.tables) {
    for (const chain of chains) {
      chain.rules.forEach((rule, index) => {
        const { packets, bytes } = machine.counters(rule);
        places.push([`${name}:${chain.name}:${index + 1}`, [packets, bytes]]);
      });
      if (chain.policy === undefined) continue;
      const { packets, bytes } = machine.counters(chain);
      places.push([`${name}:${chain.name}:policy`, [packets, bytes]]);
    }
  }
  return Object.fromEntries(places);
}
