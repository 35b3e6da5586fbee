/** TCP connections whose segments are right, late, early, repeated, impossible or meaningless. */
import type { Scenario, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, LAN, NAT, numbered, OUTSIDE, showStates, table } from './network';

type Side = 0 | 1;

interface Dialogue {
  readonly chance: Chance;
  readonly serverPort: number;
  readonly first: [number, number];
  readonly next: [number, number];
  readonly options: readonly [Partial<ScenarioPacket>, Partial<ScenarioPacket>];
}

export function tcpWindows(seed: number): Scenario {
  const chance = new Chance(`tcp-windows/${seed}`);
  const first: [number, number] = [
    chance.pick([1000, 1000, 0xfffffff0, 0x7ffffff0]),
    chance.pick([5000, 5000, 0xffffff00]),
  ];
  const dialogue: Dialogue = {
    chance,
    first,
    next: [...first],
    serverPort: chance.pick([80, 80, 23]),
    options: [tcpOptions(chance), tcpOptions(chance)],
  };
  const packets: Draft[] = [];
  const length = chance.pick([6, 10, 16, 24]);
  while (packets.length < length) {
    const last = packets.at(-1);
    packets.push(last && chance.with(0.1) ? { ...last } : nextSegment(dialogue, packets.length));
  }
  return {
    name: `tcp-windows/${seed}`,
    family: 4,
    host: { ...HOST, sysctl: sysctls(chance) },
    rules: rules(chance),
    packets: numbered(packets),
  };
}

function tcpOptions(chance: Chance): Partial<ScenarioPacket> {
  const wscale = chance.pick([undefined, undefined, 0, 2, 3, 7, 14, 15]);
  return {
    ...(wscale === undefined ? {} : { wscale }),
    ...(chance.with(0.3) ? { sackok: true } : {}),
    ...(chance.with(0.5) ? { mss: 1460 } : {}),
  };
}

function sysctls(chance: Chance): Record<string, number> {
  const all: Record<string, number> = { 'net.ipv4.ip_forward': 1 };
  const prefix = 'net.netfilter.nf_conntrack_tcp_';
  if (chance.with(0.1)) all[`${prefix}loose`] = 0;
  if (chance.with(0.1)) all[`${prefix}be_liberal`] = 1;
  if (chance.with(0.1)) all[`${prefix}ignore_invalid_rst`] = 1;
  if (chance.with(0.1)) all[`${prefix}max_retrans`] = chance.pick([0, 1, 2]);
  return all;
}

function rules(chance: Chance): string {
  const forward = [
    ...showStates('FORWARD'),
    ...(chance.with(0.5) ? ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'] : []),
    ...(chance.with(0.2) ? ['-A FORWARD -p tcp -m tcp --dport 23 -j REJECT --reject-with tcp-reset'] : []),
  ];
  // Ports that NAT chooses are chance in the kernel too: few scenarios have it.
  const nat = chance.with(0.1) ? table('nat', NAT, ['-A POSTROUTING -o eth0 -j MASQUERADE']) : '';
  return table('filter', FILTER, forward) + nat;
}

const LIKELY_HANDSHAKE = 0.85;

function nextSegment(dialogue: Dialogue, index: number): Draft {
  const { chance, next } = dialogue;
  const side: Side = chance.pick([0, 1]);
  if (index < 3 && chance.with(LIKELY_HANDSHAKE)) return handshake(dialogue, index);
  const kind = chance.next();
  if (kind < 0.45)
    return advance(
      dialogue,
      side,
      chance.pick(['A', 'PA', 'A', 'AU', 'PAU', 'AE', 'AC']),
      chance.pick([0, 0, 1, 20, 100, 1400]),
    );
  if (kind < 0.6) {
    const seq = next[side] + chance.pick([-1, -100, -70_000, 1, 100, 5000, 70_000, 2 ** 31, -66_001]);
    return segment(
      dialogue,
      side,
      'A',
      seq,
      next[other(side)] + chance.pick([0, 0, 1, -1, 100, -70_000, 2 ** 31]),
      chance.pick([0, 0, 10]),
    );
  }
  if (kind < 0.68) return advance(dialogue, side, chance.pick(['FA', 'FA', 'FAP']), chance.pick([0, 0, 5]), 1);
  if (kind < 0.78) {
    const seq = chance.pick([next[side], next[side], next[side] + chance.pick([1, -1, 100, -100, 70_000]), 0]);
    return segment(
      dialogue,
      side,
      chance.pick(['R', 'RA', 'RA']),
      seq,
      chance.pick([next[other(side)], 0, next[other(side)] - 1, 77]),
    );
  }
  if (kind < 0.86) return syn(dialogue, side);
  if (kind < 0.93) {
    const ack = chance.pick([next[other(side)], dialogue.first[other(side)] + 1, next[other(side)] + 5]);
    return {
      ...segment(dialogue, side, 'SA', chance.pick([dialogue.first[side], next[side], 9]), ack),
      ...dialogue.options[side],
    };
  }
  return segment(
    dialogue,
    side,
    chance.pick(['', 'F', 'FPU', 'SF', 'SR', 'SRA', 'FR', 'U', 'P', 'SFA', 'SP', 'SU', 'SAP', 'FPUA', 'SEC']),
    next[side],
    next[other(side)],
  );
}

function handshake(dialogue: Dialogue, index: number): Draft {
  const { next, options } = dialogue;
  if (index === 2) return segment(dialogue, 0, 'A', next[0], next[1]);
  const side: Side = index === 0 ? 0 : 1;
  const made = segment(dialogue, side, side === 0 ? 'S' : 'SA', next[side], side === 0 ? 0 : next[0]);
  next[side] += 1;
  return { ...made, ...options[side] };
}

/** A segment in its place, after which the side's sequence number moves on. */
function advance(dialogue: Dialogue, side: Side, flags: string, payload: number, extra = 0): Draft {
  const made = segment(dialogue, side, flags, dialogue.next[side], dialogue.next[other(side)], payload);
  dialogue.next[side] += payload + extra;
  return made;
}

/** A SYN: the same again, a new one, or one out of nowhere. */
function syn(dialogue: Dialogue, side: Side): Draft {
  const { chance, first, next, options } = dialogue;
  const seq = chance.pick([first[side], first[side], next[side] + 100, next[side] + 70_000, 7]);
  if (chance.with(0.4)) {
    first[side] = seq;
    next[side] = seq + 1;
  }
  return { ...segment(dialogue, side, 'S', seq, 0), ...options[side] };
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}

function segment(
  { chance, serverPort }: Dialogue,
  side: Side,
  flags: string,
  seq: number,
  ack: number,
  payload = 0,
): Draft {
  const [from, to] = side === 0 ? [LAN, OUTSIDE] : [OUTSIDE, LAN];
  const [sport, dport] = side === 0 ? [40_000, serverPort] : [serverPort, 40_000];
  return {
    in: side === 0 ? 'eth1' : 'eth0',
    src: from,
    dst: to,
    proto: 'tcp',
    sport,
    dport,
    flags,
    payload,
    seq: seq >>> 0,
    ack: ack >>> 0,
    win: chance.pick([0, 1, 10, 500, 8192, 65_535]),
  };
}
