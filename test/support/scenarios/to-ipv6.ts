/** The same scenario in IPv6: every IPv4 address has its counterpart, a /24 becomes a /64. */
import type { Scenario, ScenarioPacket } from '../../../src-sim/sim/scenario';

/** ICMP errors and their counterparts (RFC 4443): unreachable, source quench (none), time exceeded, parameter problem. */
const ERROR_TYPES: Readonly<Record<number, number>> = { 3: 1, 4: 2, 11: 3, 12: 4, 8: 128, 0: 129 };

export function toIpv6(scenario: Scenario): Scenario {
  const { host = {}, rules, packets = [] } = scenario;
  const { sysctl = {} } = host;
  const translated: Scenario = JSON.parse(addressesIn(JSON.stringify({ ...scenario, rules: '', packets: [] })));
  return {
    ...translated,
    name: `${scenario.name}`.replace('/', '6/'),
    family: 6,
    host: {
      ...translated.host,
      sysctl: { ...sysctl, 'net.ipv6.conf.all.forwarding': sysctl['net.ipv4.ip_forward'] ?? 0 },
      ...(host.ipvs === undefined ? {} : { ipvs: servicesIn(host.ipvs) }),
    },
    rules: addressesIn(rules),
    packets: packets.map((packet) => ('proto' in packet ? inIpv6(packet) : packet)),
  };
}

function inIpv6(packet: ScenarioPacket): ScenarioPacket {
  const { id: _, df: __, icmp, ...rest } = packet;
  const type = icmp && (ERROR_TYPES[icmp.type ?? 8] ?? 1);
  const inner = icmp?.inner && inIpv6(icmp.inner);
  return {
    ...rest,
    src: addressesIn(packet.src),
    dst: addressesIn(packet.dst),
    ...(packet.proto === 'icmp' ? { proto: 'icmpv6' } : {}),
    ...(icmp ? { icmp: { ...icmp, ...(type === undefined ? {} : { type }), ...(inner ? { inner } : {}) } } : {}),
  };
}

function servicesIn(text: string): string {
  return text
    .replace(/-M 255\.255\.255\.0/g, '-M 64')
    .replace(/-M 255\.255\.0\.0/g, '-M 48')
    .replace(/-f (\d+)/g, '-f $1 -6')
    .replace(/(\d+\.\d+\.\d+\.\d+)(:\d+)/g, (_, address: string, port: string) => `[${counterpart(address)}]${port}`);
}

function addressesIn(text: string): string {
  return text.replace(/(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?/g, (_, address: string, length: string | undefined) => {
    const wider = { 32: 128, 24: 64, 16: 48, 0: 0 }[Number(length)] ?? 64;
    return counterpart(address) + (length === undefined ? '' : `/${wider}`);
  });
}

function counterpart(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  if (address === '0.0.0.0') return '::';
  if (a === 127) return '::1';
  const hex = (value: number) => value.toString(16);
  return `2001:db8:${hex(a * 256 + b)}${c === 0 ? '' : `:${hex(c)}`}::${d === 0 ? '' : hex(d)}`;
}
