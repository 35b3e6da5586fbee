/**
 * What an LVS director needs to be simulated where nobody gave its `ipvsadm -S -n` text: its virtual addresses on the
 * outer interface, and a real server beside it for each service that the ruleset lets in.
 */
import { type Address, addressFromValue, addressValue, familyOf } from '../../../src-sim/net/address';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { LvsMode } from '../analysis/hint-keys';
import { type Hints, isDirector } from '../analysis/hints';
import { virtualServices } from '../lint/director';
import { interfacesOf } from './packet-probes';

export interface Service {
  readonly address: Address;
  readonly port: number;
}

/** @param portsFor the ports of an address that the ruleset opens */
export function suggestServices(hints: Hints, portsFor: (address: Address) => readonly number[]): readonly Service[] {
  if (!isDirector(hints)) return [];
  return virtualServices(hints).flatMap(({ address, port }) =>
    (port === undefined ? portsFor(address) : [port]).map((one) => ({ address, port: one })),
  );
}

/** The host with the addresses and, where it has none yet, the services. */
export function withServices(host: HostDescription, services: readonly Service[], hints: Hints): HostDescription {
  const { outer } = interfacesOf(host);
  const own = host.interfaces?.[outer] ?? {};
  const everywhere = Object.values(host.interfaces ?? {}).flatMap(({ addresses = [] }) => addresses);
  const missing = [...new Set(services.map(({ address }) => address))].filter(
    (address) => !everywhere.some((text) => text.split('/')[0] === address),
  );
  if (services.length === 0) return host;
  const hosts = missing.map((address) => `${address}/${familyOf(address) === 'ipv4' ? 32 : 128}`);
  const beside = own.addresses?.[0]?.split('/')[0] ?? services[0]?.address ?? '';
  return {
    ...host,
    interfaces: { ...host.interfaces, [outer]: { ...own, addresses: [...(own.addresses ?? []), ...hosts] } },
    ipvs: host.ipvs ?? services.map((service) => serviceText(service, realServer(beside), hints.mode ?? 'dr')).join(''),
  };
}

/** What a client sends to each service first. */
export function servicePackets(host: HostDescription, services: readonly Service[]): readonly ScenarioPacket[] {
  const { outer } = interfacesOf(host);
  return services.map(({ address, port }) => ({
    in: outer,
    src: familyOf(address) === 'ipv4' ? '198.51.100.7' : '2001:db8:198::7',
    dst: address,
    proto: 'tcp',
    sport: 40_000,
    dport: port,
    flags: 'S',
  }));
}

const METHOD_OPTIONS: Readonly<Record<LvsMode, string>> = { dr: '-g', tun: '-i', nat: '-m' };

/** @see ipvsadm(8) */
function serviceText({ address, port }: Service, real: Address, mode: LvsMode): string {
  const end = (at: Address): string => (familyOf(at) === 'ipv4' ? `${at}:${port}` : `[${at}]:${port}`);
  return `-A -t ${end(address)} -s rr\n-a -t ${end(address)} -r ${end(real)} ${METHOD_OPTIONS[mode]} -w 1\n`;
}

const REAL_SERVER = 21n;

/** A host of the same subnet. */
function realServer(beside: Address): Address {
  const value = addressValue(beside);
  const wanted = value - (value & 0xffn) + REAL_SERVER;
  return addressFromValue(wanted === value ? wanted + 1n : wanted, familyOf(beside));
}
