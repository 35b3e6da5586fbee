/** Flows as the filter table meets them: what opens one, what answers, and what its opener sends next. */
import type { Family } from '../../../src-sim/net/address';
import { interval, overlaps } from '../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { points } from '../analysis/packet-space';
import { mirrorBox } from './way';

export interface FlowShape {
  readonly opening: Box;
  readonly answer: Box;
  readonly next: Box;
}

export const TCP_FLOW: FlowShape = {
  opening: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S]) },
  answer: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S | TCP_FLAG.A]) },
  next: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.A]) },
};

const UDP: Box = { protocol: points([PROTOCOL.udp]) };
export const UDP_FLOW: FlowShape = { opening: UDP, answer: UDP, next: UDP };

const PING: Readonly<Record<Family, FlowShape>> = {
  ipv4: pingFlow(PROTOCOL.icmp, 8, 0),
  ipv6: pingFlow(PROTOCOL.icmpv6, 128, 129),
};

const SHAPES: Readonly<Record<Family, readonly FlowShape[]>> = {
  ipv4: [TCP_FLOW, UDP_FLOW, PING.ipv4],
  ipv6: [TCP_FLOW, UDP_FLOW, PING.ipv6],
};

/** The kinds of flows that nearly all traffic is made of. */
export function flowShapes(family: Family): readonly FlowShape[] {
  return SHAPES[family];
}

/** Where nobody says otherwise, clients have a port of these. @kernel net/ipv4/af_inet.c:inet_init_net (sysctl_local_ports) */
const CLIENT_PORTS = interval(32_768, 61_000);

/** The opening packets whose next one, in the same direction, may be in the box. */
export function openingsOfNext(opened: Box, next: Box): Box | undefined {
  return ordinary(opened, intersectBoxes(opened, headersOf(next)));
}

/** The opening packets whose answer may be in the box. */
export function openingsOfAnswer(opened: Box, answer: Box): Box | undefined {
  return ordinary(opened, intersectBoxes(opened, headersOf(mirrorBox(answer))));
}

/** Of flows that clients may begin from ports of theirs, those alone: none comes from the port of another service. */
function ordinary(opened: Box, openings: Box | undefined): Box | undefined {
  const isForClients = opened.sport === undefined || overlaps(opened.sport, CLIENT_PORTS);
  return openings && isForClients ? intersectBoxes(openings, { sport: CLIENT_PORTS }) : openings;
}

/** What all packets of a flow's direction have in common. */
function headersOf({ mark: _, state: __, tcpFlags: ___, icmp: ____, ...headers }: Box): Box {
  return headers;
}

function pingFlow(protocol: number, request: number, reply: number): FlowShape {
  const echo = (type: number): Box => ({ protocol: points([protocol]), icmp: points([type << 8]) });
  return { opening: echo(request), answer: echo(reply), next: echo(request) };
}
