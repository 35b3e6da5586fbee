/** Which new packets a ruleset accepts, as boxes; and the ports that it opens by that. */
import type { Address } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { holds, type IntervalSet, NOTHING } from '../../../src-sim/net/interval-set';
import type { HostDescription } from '../../../src-sim/sim/scenario';
import type { Hints } from '../analysis/hints';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import type { Walker } from '../analysis/rule-packets';
import { followHooks, freshGroup, verdictOf } from '../analysis/set-walk';
import { startOf, WAY_HOOKS, type WayName } from '../lint/way';
import { type Probe, probesFor } from './packet-probes';

/** A twentieth of what a lint rule may spend: for a ruleset that needs more, plain packets are left. */
const BOX_BUDGET = 30_000;

export interface Search {
  readonly walker: Walker;
  readonly host: HostDescription;
  /** What is known of the host, with what was supposed of it. */
  readonly hints: Hints;
}

export function acceptedBoxes({ walker, hints }: Search, probe: Probe, way: WayName): readonly Box[] {
  const start = { ...startOf(walker.space, way, hints), ...probe.box };
  const own = { ...walker, budget: BOX_BUDGET };
  const groups = followHooks(own, [freshGroup(walker.space, start)], { hooks: WAY_HOOKS[way], tracked: ['NEW'] });
  return groups.filter((group) => group.certain && verdictOf(group) === 'accept').map(({ box }) => box);
}

const USUAL_PORTS: Readonly<Record<'tcp' | 'udp', readonly number[]>> = { tcp: [22, 80, 443], udp: [53] };
/** A wider range is not a list of services. */
const WIDEST_SERVICE_RANGE = 8;
const MOST_SOCKETS = 32;
const SERVICE_PORTS = [80, 443];
const MOST_SERVICES = 4;

/** Ports that the ruleset opens to new connections: whoever wrote it has something listening there. */
export function openPorts(search: Search): readonly string[] {
  const sockets = probesFor(search.walker.space).flatMap((probe) => {
    const { name } = probe;
    if (name === 'ping') return [];
    const boxes = acceptedBoxes(search, probe, 'INPUT');
    return boxes.flatMap(({ dport }) => portsOf(dport, USUAL_PORTS[name])).map((port) => `${name}/${port}`);
  });
  return [...new Set(sockets)].slice(0, MOST_SOCKETS);
}

/** The TCP ports of one address, where the ruleset speaks of it. */
export function openPortsOf(search: Search, address: Address): readonly number[] {
  const one = addressRange(address, address);
  const placed = { ...search, hints: { ...search.hints, vips: [...search.hints.vips, address] } };
  const [tcp] = probesFor(search.walker.space);
  const boxes = tcp === undefined ? [] : acceptedBoxes(placed, tcp, 'INPUT');
  const ports = boxes.flatMap((box) => portsOf(intersectBoxes(box, { dst: one })?.dport ?? NOTHING, SERVICE_PORTS));
  return [...new Set(ports)].slice(0, MOST_SERVICES);
}

function portsOf(set: IntervalSet | undefined, usual: readonly number[]): readonly number[] {
  if (set === undefined) return usual;
  return set.flatMap(({ start, end }) => {
    const [first, size] = [Number(start), Number(end) - Number(start)];
    if (size > WIDEST_SERVICE_RANGE) return usual.filter((port) => holds([{ start, end }], port));
    return Array.from({ length: size }, (_, index) => first + index);
  });
}
