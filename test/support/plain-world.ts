/** A world for matches that are asked by themselves: a forwarded packet, the first of its flow. */
import { DEFAULT_ZONE, type Entry, freshStatus } from '../../src-sim/conntrack/entry';
import { invertTuple, tupleOf } from '../../src-sim/conntrack/tuple';
import type { Packet } from '../../src-sim/net/packet';
import type { AddressType, World } from '../../src-sim/xt/world';

const OWN: ReadonlySet<string> = new Set(['203.0.113.1', '10.0.0.1', '2001:db8::1']);

export function plainWorld(packet: Packet): World {
  const states = new Map<object, object>();
  return {
    family: packet.family,
    hook: 'FORWARD',
    table: 'filter',
    now: 0,
    inDevice: 'eth0',
    outDevice: 'eth1',
    mark: 0,
    conntrack: { kind: 'tracked', entry: newEntry(packet), info: 'NEW', direction: 'original' },
    macSource: '02:00:00:00:00:02',
    packetType: 'unicast',
    ipsets: undefined,
    conntrackExpires: () => 30,
    addressType: plainAddressType,
    findConntrack: () => undefined,
    matchState: (given, initial) => remembered(states, given, initial),
    sharedState: (_kind, _name, initial) => initial(),
    random: () => 0.5,
  };
}

function remembered<T extends object>(states: Map<object, object>, key: object, initial: () => T): T {
  const known = states.get(key) ?? initial();
  states.set(key, known);
  // One match asks with one key, and always for its own type.
  return known as T;
}

function newEntry(packet: Packet): Entry {
  const original = tupleOf(packet) ?? {
    src: packet.src,
    dst: packet.dst,
    protocol: packet.protocol,
    sport: 0,
    dport: 0,
  };
  return {
    id: 1,
    original,
    reply: invertTuple(original) ?? original,
    zone: DEFAULT_ZONE,
    status: freshStatus(),
    timeout: 30,
    createdAt: 0,
    mark: 0,
    labels: new Set(),
  };
}

export function plainAddressType(address: string): AddressType {
  if (OWN.has(address)) return 'LOCAL';
  if (/^(22[4-9]|23\d)\.|^ff/.test(address)) return 'MULTICAST';
  return address.endsWith('.255') ? 'BROADCAST' : 'UNICAST';
}
