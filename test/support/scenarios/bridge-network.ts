/** A host with a bridge, the stations behind its ports, and the packets that they send. */
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Chance } from './chance';
import { type Draft, numbered } from './network';

interface Addresses {
  readonly bridge: string;
  readonly length: number;
  readonly wan: string;
  readonly gateway: string;
  readonly outside: string;
  readonly port: string;
  /** Of the stations: behind p1, p2, p3; one that no frame came from; one behind the port's own address. */
  readonly stations: readonly [string, string, string, string];
  readonly behindPort: string;
  readonly group: string;
}

const ADDRESSES: Readonly<Record<4 | 6, Addresses>> = {
  4: {
    bridge: '10.0.0.1',
    length: 24,
    wan: '203.0.113.1',
    gateway: '203.0.113.254',
    outside: '198.51.100.7',
    port: '172.16.5.1',
    stations: ['10.0.0.2', '10.0.0.3', '10.0.0.5', '10.0.0.4'],
    behindPort: '172.16.5.2',
    group: '224.0.0.1',
  },
  6: {
    bridge: '2001:db8:1::1',
    length: 64,
    wan: '2001:db8::1',
    gateway: '2001:db8::fe',
    outside: '2001:db8:9::7',
    port: '2001:db8:5::1',
    stations: ['2001:db8:1::2', '2001:db8:1::3', '2001:db8:1::5', '2001:db8:1::4'],
    behindPort: '2001:db8:5::2',
    group: 'ff0e::5',
  },
};

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
export const UNKNOWN_STATION = '02:00:00:00:77:04';

export interface BridgedNetwork {
  readonly family: 4 | 6;
  readonly host: HostDescription;
  readonly ports: readonly string[];
  /** A port of a second bridge. */
  readonly otherPort?: string;
  readonly addresses: Addresses;
  readonly bridgeMac: string;
  /** By port: its own address, and that of the station behind it. */
  readonly portMacs: readonly string[];
  readonly stationMacs: readonly string[];
}

export function bridgedNetwork(chance: Chance, family: 4 | 6, kernel: string | undefined): BridgedNetwork {
  const addresses = ADDRESSES[family];
  const { length } = addresses;
  const ports = chance.pick([
    ['p1', 'p2'],
    ['p1', 'p2'],
    ['p1', 'p2', 'p3'],
  ]);
  const onBridge = chance.with(0.85) ? [`${addresses.bridge}/${length}`] : [];
  const beside = chance.pick(['nothing', 'nothing', 'nothing', 'port', 'bridge']);
  const interfaces = {
    br0: { addresses: onBridge, ports },
    eth0: { addresses: [`${addresses.wan}/${length}`] },
    ...(beside === 'port' ? { p1: { addresses: [`${addresses.port}/${length}`] } } : {}),
    ...(beside === 'bridge' ? { br1: { addresses: [`${addresses.port}/${length}`], ports: ['q1', 'q2'] } } : {}),
  };
  const forwarding = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  const calls = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
  const sysctl = {
    [forwarding]: chance.pick([1, 1, 1, 0]),
    ...(chance.with(0.25) ? { [calls]: chance.pick([0, 0, 1]) } : {}),
  };
  const mac = (index: number, end: string) => `02:00:00:00:0${index}:${end}`;
  const indexes = ports.map((_, index) => index + (beside === 'bridge' ? 3 : 2));
  return {
    family,
    host: {
      interfaces,
      routes: [`default via ${addresses.gateway} dev eth0`],
      sysctl,
      listen: ['tcp/22', 'udp/53'],
      ...(kernel === undefined ? {} : { kernel }),
    },
    ports,
    ...(beside === 'bridge' ? { otherPort: 'q1' } : {}),
    addresses,
    bridgeMac: mac(0, '01'),
    portMacs: indexes.map((index) => mac(index, '01')),
    stationMacs: indexes.map((index) => mac(index, '02')),
  };
}

/** Packets, and sometimes what answers the one before. */
export function bridgedPackets(chance: Chance, network: BridgedNetwork, count: number): ScenarioPacket[] {
  const drafts: Draft[] = [];
  while (drafts.length < count) {
    const last = drafts.at(-1);
    const answer = last && chance.with(0.3) ? answerTo(chance, network, last) : undefined;
    const rest =
      last?.frag && chance.with(0.7)
        ? { ...last, frag: last.frag.more ? { offset: 3 } : { offset: 0, more: true, size: 24 } }
        : undefined;
    drafts.push(rest ?? answer ?? freshPacket(chance, network));
  }
  return numbered(drafts);
}

function freshPacket(chance: Chance, network: BridgedNetwork): Draft {
  const { addresses, ports } = network;
  const { stations, outside } = addresses;
  const where = chance.next();
  if (where < 0.12) {
    const dst = chance.pick([...stations, outside]);
    return { ...payload(chance, network), out: true, src: chance.pick([addresses.bridge, addresses.wan]), dst };
  }
  if (where < 0.25) {
    const dst = chance.pick([...stations, addresses.bridge, addresses.wan]);
    return { ...payload(chance, network), in: 'eth0', src: outside, dst };
  }
  if (network.otherPort !== undefined && where < 0.4) {
    const dst = chance.pick([...stations, addresses.bridge, addresses.port, outside]);
    return { ...payload(chance, network), in: network.otherPort, src: addresses.behindPort, dst };
  }
  const index = Math.floor(chance.next() * ports.length);
  const station = chance.with(0.9) ? index : Math.floor(chance.next() * ports.length);
  const src = chance.with(0.06) ? addresses.behindPort : (stations[station] ?? stations[0]);
  return {
    ...payload(chance, network),
    in: ports[index] ?? 'p1',
    src,
    mac_src: network.stationMacs[station] ?? UNKNOWN_STATION,
    ...target(chance, network, src),
  };
}

/** Whom a station sends to: the IP address, and the frame's, which may not belong together. */
function target(chance: Chance, network: BridgedNetwork, src: string): Pick<ScenarioPacket, 'dst' | 'mac_dst'> {
  const { addresses, bridgeMac, stationMacs, portMacs } = network;
  const { stations } = addresses;
  const others = stations.map((dst, index) => ({ dst, mac_dst: stationMacs[index] ?? UNKNOWN_STATION }));
  const known = others.filter(({ dst }) => dst !== src);
  const choice = chance.next();
  if (choice < 0.45) return known[Math.floor(chance.next() * known.length)] ?? { dst: stations[0] };
  if (choice < 0.6) return { dst: addresses.bridge, mac_dst: bridgeMac };
  if (choice < 0.75)
    return { dst: chance.pick([addresses.outside, addresses.wan, addresses.port]), mac_dst: bridgeMac };
  if (choice < 0.82) return group(chance, network);
  const anyMac = [bridgeMac, UNKNOWN_STATION, BROADCAST, ...portMacs, ...stationMacs, '01:80:c2:00:00:00'] as const;
  const dst = chance.pick([...stations, addresses.bridge, addresses.outside, addresses.port]);
  return { dst, mac_dst: chance.pick([...anyMac, '01:80:c2:00:00:03', '01:00:5e:00:00:05', '33:33:00:00:00:01']) };
}

function group(chance: Chance, { family, addresses }: BridgedNetwork): Pick<ScenarioPacket, 'dst' | 'mac_dst'> {
  if (family === 6) return { dst: addresses.group, mac_dst: '33:33:00:00:00:05' };
  return chance.pick([
    { dst: '10.0.0.255', mac_dst: BROADCAST },
    { dst: '255.255.255.255', mac_dst: BROADCAST },
    { dst: addresses.group, mac_dst: '01:00:5e:00:00:01' },
    { dst: '239.1.2.3', mac_dst: '01:00:5e:01:02:03' },
  ]);
}

type Payload = Omit<Draft, 'in' | 'out' | 'src' | 'dst'>;

function payload(chance: Chance, { family }: BridgedNetwork): Payload & Pick<ScenarioPacket, 'proto'> {
  const tos = chance.with(0.1) ? { tos: 16 } : {};
  const [sport, dport] = [chance.pick([4000, 4001, 1024]), chance.pick([22, 80, 53])];
  switch (chance.pick(['tcp', 'tcp', 'udp', 'udp', 'icmp'])) {
    case 'tcp':
      return { proto: 'tcp', sport, dport, flags: 'S', seq: 100, ...tos };
    case 'udp':
      if (family === 4 && chance.with(0.1))
        return { proto: 'udp', sport, dport, payload: 40, ...tos, id: 77, ...fragment(chance) };
      return { proto: 'udp', sport, dport, payload: 10, ...tos };
    default: {
      const proto = family === 4 ? 'icmp' : 'icmpv6';
      return { proto, icmp: { type: family === 4 ? 8 : 128, code: 0, id: 7, seq: 1 }, ...tos };
    }
  }
}

/** Either half of the datagram; the other one may come, or not. */
function fragment(chance: Chance): Pick<ScenarioPacket, 'frag'> {
  return { frag: chance.pick([{ offset: 0, more: true, size: 24 }, { offset: 3 }]) };
}

function answerTo(chance: Chance, network: BridgedNetwork, packet: Draft): Draft | undefined {
  const { ports, stationMacs, addresses } = network;
  if (packet.in === undefined || packet.in === 'eth0' || packet.mac_src === undefined) return undefined;
  const index = addresses.stations.indexOf(packet.dst ?? '');
  const port = ports[index] ?? chance.pick(['p1', 'p2']);
  const back: Draft = {
    ...packet,
    in: port,
    src: packet.dst ?? '',
    dst: packet.src ?? '',
    mac_src: stationMacs[index] ?? UNKNOWN_STATION,
    mac_dst: packet.mac_src,
  };
  if (packet.icmp) return { ...back, icmp: { ...packet.icmp, type: network.family === 4 ? 0 : 129 } };
  const swapped: Draft = { ...back, sport: packet.dport ?? 0, dport: packet.sport ?? 0 };
  return packet.proto === 'tcp' ? { ...swapped, flags: 'SA', seq: 500, ack: 101 } : swapped;
}
