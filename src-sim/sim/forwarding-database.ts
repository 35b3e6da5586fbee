/** Where a bridge has seen Ethernet addresses. @kernel net/bridge/br_fdb.c */
import type { Interface } from '../host/host';
import type { Machine } from './machine';

export interface SeenStation {
  readonly port: string;
  /** In seconds of virtual time. */
  readonly at: number;
}

/** Addresses that were not seen for so many seconds are forgotten. @kernel net/bridge/br_device.c:br_dev_setup */
const AGEING_TIME = 300;

export function learn(machine: Machine, { name }: Interface, mac: string, port: string): void {
  const known = machine.forwardingDatabases.get(name) ?? new Map<string, SeenStation>();
  machine.forwardingDatabases.set(name, known.set(mac, { port, at: machine.now }));
}

export function knownPort(machine: Machine, { name }: Interface, mac: string): string | undefined {
  const seen = machine.forwardingDatabases.get(name)?.get(mac);
  return seen === undefined || machine.now - seen.at > AGEING_TIME ? undefined : seen.port;
}
