/** A scenario in, a result out: what the kernel would have done with each packet. */
import { formatEntry } from '../conntrack/format';
import { buildHost, type Host } from '../host/host';
import { Director } from '../ipvs/director';
import type { Ruleset } from '../netfilter/ruleset';
import { beginStory, endStory, type InFlight, type Story } from './in-flight';
import { readLog } from './kernel-log';
import { type Explain, Machine } from './machine';
import { makePacket } from './make-packet';
import { advance, receive, send, senderMac } from './path';
import { traceProtocol } from './say';
import type { Scenario, ScenarioPacket } from './scenario';
import type { MadePacket, PacketResult, Result } from './trace';

export interface SimulateOptions {
  readonly explain?: Explain;
}

/**
 * Runs the packets one after another through the ruleset.
 *
 * @throws Error when the host or a packet cannot be read (an address, a route, a protocol); the message says which.
 */
export function simulate(
  ruleset: Ruleset,
  scenario: Pick<Scenario, 'host' | 'packets' | 'seed'>,
  options: SimulateOptions = {},
): Result {
  const host = buildHost(scenario.host ?? {}, ruleset.family);
  const services = scenario.host?.ipvs;
  const director = services ? new Director(services) : undefined;
  const machine = new Machine(host, ruleset, options.explain ?? 'all', scenario.seed ?? 1, director);
  const packets = (scenario.packets ?? []).map((packet) => inject(machine, packet));
  return { load: { ok: true, error: '' }, packets, counters: snapshotCounters(machine) };
}

function inject(machine: Machine, source: ScenarioPacket): PacketResult {
  machine.sent.length = machine.made.length = machine.unsure.length = 0;
  advance(machine, source.wait ?? 0);
  const packet = makePacket(source);
  const story = beginStory(packet, '');
  const flight: InFlight = {
    packet,
    story,
    mark: 0,
    attachment: undefined,
    route: undefined,
    outDevice: undefined,
    inDevice: source.in,
    packetType: linkType(machine.host, source),
    macSource: source.mac_src ?? (source.in === undefined ? undefined : senderMac(machine, source.in)),
  };
  endStory(flight, source.in === undefined ? send(machine, flight) : receive(machine, flight));
  machine.table.removeExpired(machine.now);
  const logged = readLog([story, ...machine.made]);
  return {
    trace: logged.trace,
    caused: logged.caused,
    out: [...machine.sent],
    conntrack: [...machine.table.entries()].map((entry) => formatEntry(entry, machine.now)),
    steps: story.steps,
    fate: story.fate,
    time: machine.now,
    unsure: [...machine.unsure],
    made: machine.made.map(madePacket),
  };
}

/** How the frame addresses the host. @kernel net/ethernet/eth.c:eth_skb_pkt_type */
function linkType(host: Host, source: ScenarioPacket): InFlight['packetType'] {
  const mac = source.mac_dst?.toLowerCase();
  if (source.in === undefined || mac === undefined || mac === host.interfaces.get(source.in)?.mac) return 'unicast';
  if (mac === 'ff:ff:ff:ff:ff:ff') return 'broadcast';
  const isGroup = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return isGroup ? 'multicast' : 'otherhost';
}

function madePacket({ packet, what, log, steps, fate }: Story): MadePacket {
  const trace = log.map(({ text }) => text);
  return { src: packet.src, dst: packet.dst, proto: traceProtocol(packet), trace, steps, fate, what };
}

function snapshotCounters(machine: Machine): Result['counters'] {
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
