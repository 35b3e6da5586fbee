/** The little network that random scenarios play in, and rulesets that show conntrack's states in the trace. */
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';

export const OWN = '203.0.113.1';
export const LAN = '10.0.0.2';
export const OUTSIDE = '198.51.100.7';

export const HOST: HostDescription = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24'] },
    eth1: { addresses: ['10.0.0.1/24'] },
    eth2: { addresses: ['172.16.5.1/24'] },
  },
  routes: ['default via 203.0.113.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1 },
};

/** A packet of a scenario while it is being made: plain fields, to be changed freely. */
export type Draft = { -readonly [Field in keyof ScenarioPacket]: ScenarioPacket[Field] };

/** The interface behind which an address lives; undefined for the host's own. */
export function deviceOf(address: string): string | undefined {
  if (/^(203\.0\.113|10\.0\.0|172\.16\.5)\.1$/.test(address)) return undefined;
  if (address.startsWith('10.')) return 'eth1';
  return address.startsWith('172.16.5.') ? 'eth2' : 'eth0';
}

/** `in` or `out`, by where the packet's source lives. */
export function origin(src: string): Pick<ScenarioPacket, 'in' | 'out'> {
  const device = deviceOf(src);
  return device === undefined ? { out: true } : { in: device };
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** A rule for each state that only counts: the trace then says which it was. */
export function showStates(chain: string): string[] {
  return STATES.map((state) => `-A ${chain} -m conntrack --ctstate ${state}`);
}

export function table(name: string, chains: readonly string[], rules: readonly string[]): string {
  return [`*${name}`, ...chains.map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, 'COMMIT', ''].join('\n');
}

export const FILTER = ['INPUT', 'FORWARD', 'OUTPUT'];
export const NAT = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];
export const MANGLE = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
export const RAW = ['PREROUTING', 'OUTPUT'];

/** The default is the scenario's own reading of the fields of a sequence: numbered ids tell packets apart in the log. */
export function numbered(packets: readonly Draft[]): ScenarioPacket[] {
  return packets.map((packet, index) => ({ ...packet, id: packet.frag ? (packet.id ?? 0) : 101 + index }));
}
