/** The world as a rule sees it while a packet passes its table. */
import type { Attachment, Entry, NatRange, Template } from '../conntrack/entry';
import type { Tuple } from '../conntrack/tuple';
import { ZONE_BY_DIRECTION, type Zone } from '../conntrack/zone';
import { isTransparent, LOOPBACK } from '../host/host';
import type { IpSets } from '../host/ipset';
import { type ReversePathChoices, reversePathHolds } from '../host/reverse-path';
import { isLimitedBroadcast, isMulticast } from '../host/routing';
import type { Sender } from '../host/sender';
import { newestFirst, sourceAddress } from '../host/source-address';
import { setUpNat } from '../nat/nat';
import { type Address, addressPoint, type Family } from '../net/address';
import type { Packet } from '../net/packet';
import type { Hook, TableName } from '../netfilter/hook';
import type { Rule } from '../netfilter/ruleset';
import { type FoundSocket, findSocket } from '../xt/socket-lookup';
import type { AddressType, BridgePorts, DirectedConnection, TargetWorld } from '../xt/world';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';

const METHOD_NAMES = { dr: 'GATE', tun: 'IPIP', nat: 'MASQ' } as const;

export class Passage implements TargetWorld {
  /** The rule being tested; the walk sets it. */
  rule: Rule | undefined;
  /** Lines that LOG and NFLOG wrote. */
  readonly logged: string[] = [];

  constructor(
    readonly machine: Machine,
    readonly flight: InFlight,
    readonly hook: Hook,
    readonly table: TableName,
  ) {}

  get family(): Family {
    return this.flight.packet.family;
  }

  get now(): number {
    return this.machine.now;
  }

  get instant(): number | undefined {
    const { startsAt, now } = this.machine;
    return startsAt === undefined ? undefined : startsAt + now;
  }

  get inDevice(): string | undefined {
    return this.hook === 'OUTPUT' ? undefined : this.flight.inDevice;
  }

  get outDevice(): string | undefined {
    return this.hook === 'PREROUTING' || this.hook === 'INPUT' ? undefined : this.flight.outDevice;
  }

  get mark(): number {
    return this.flight.mark;
  }

  get conntrack(): Attachment | undefined {
    return this.flight.attachment;
  }

  get macSource(): string | undefined {
    return this.flight.macSource;
  }

  get macDestination(): string | undefined {
    return this.flight.macDestination;
  }

  get ipsets(): IpSets | undefined {
    return this.machine.ipsets;
  }

  get bridgePorts(): BridgePorts | undefined {
    return this.flight.bridgePorts;
  }

  get isFromIpvs(): boolean {
    return this.flight.isFromIpvs;
  }

  /** @kernel net/netfilter/xt_ipvs.c:ipvs_mt */
  findDirected(packet: Packet): DirectedConnection | undefined {
    const found = this.machine.director?.quotedRequest(packet);
    if (found === undefined) return undefined;
    const { service, method, template } = found;
    return { ...service, method: METHOD_NAMES[method], controlPort: template?.service.port };
  }

  get sender(): Sender | undefined {
    return this.flight.sender;
  }

  get packetType(): 'unicast' | 'broadcast' | 'multicast' | 'loopback' {
    if (this.flight.inDevice === LOOPBACK || this.flight.packetType === 'loopback') return 'loopback';
    return this.flight.packetType === 'otherhost' ? 'unicast' : this.flight.packetType;
  }

  takeAsUnicast(): void {
    if (this.flight.packetType === 'multicast') this.flight.packetType = 'unicast';
  }

  conntrackExpires(): number {
    const { attachment } = this.flight;
    if (attachment?.kind !== 'tracked') return 0;
    const { entry } = attachment;
    // Until an entry is confirmed its timeout is relative, and the kernel takes it for long gone.
    return entry.status.confirmed ? Math.max(0, Math.floor(entry.timeout - this.now)) : 0;
  }

  /** @kernel net/ipv4/fib_frontend.c:__inet_dev_addr_type */
  addressType(address: Address, device?: string): AddressType {
    if (isLimitedBroadcast(address) || address.startsWith('0.')) return 'BROADCAST';
    if (isMulticast(address)) return 'MULTICAST';
    const found = this.machine.host.routes.tables.get('local')?.find(addressPoint(address), undefined);
    if (found === undefined || (device !== undefined && found.device !== device)) return 'UNICAST';
    if (found.isAnycast) return 'ANYCAST';
    return found.type === 'broadcast' ? 'BROADCAST' : 'LOCAL';
  }

  findSocket(packet: Packet): FoundSocket | undefined {
    return findSocket(this.machine.host, this.machine.sockets, packet, this.flight.attachment);
  }

  hasProxy(protocol: number, port: number): boolean {
    return isTransparent(this.machine.host, protocol, port);
  }

  reversePathHolds(packet: Packet, choices: ReversePathChoices): boolean {
    const { inDevice } = this.flight;
    if (inDevice === undefined || this.packetType === 'loopback') return true;
    return reversePathHolds(this.machine.host, packet, inDevice, choices);
  }

  findConntrack(tuple: Tuple, zone: Zone): Entry | undefined {
    return this.machine.table.find(tuple, ZONE_BY_DIRECTION.original(zone), this.now)?.entry;
  }

  matchState<T extends object>(given: object, initial: () => T): T {
    return this.rule === undefined ? initial() : this.machine.matchState(this.rule, given, initial);
  }

  sharedState<T extends object>(kind: string, name: string, initial: () => T): T {
    return this.machine.sharedState(kind, name, initial);
  }

  random(): number {
    return this.machine.random();
  }

  setMark(mark: number): void {
    this.flight.mark = mark >>> 0;
  }

  setUntracked(): void {
    // The first CT or NOTRACK rule wins. @kernel net/netfilter/xt_CT.c:notrack_tg
    this.flight.attachment ??= { kind: 'untracked' };
  }

  setTemplate(template: Template): void {
    this.flight.attachment ??= { kind: 'template', template };
  }

  setUpNat(manip: 'src' | 'dst', range: NatRange): 'ACCEPT' | 'DROP' {
    const { attachment } = this.flight;
    if (attachment?.kind !== 'tracked') return 'ACCEPT';
    return setUpNat(attachment.entry, manip, range, this.machine.nat());
  }

  redirectAddress(device: string, isLinkLocal: boolean): Address | undefined {
    const { interfaces, family } = this.machine.host;
    const { addresses = [] } = interfaces.get(device) ?? {};
    if (family === 'ipv4') return addresses[0]?.address;
    return newestFirst(addresses).find(({ address }) => !isLinkLocal || address.startsWith('fe80:'))?.address;
  }

  sourceAddress(device: string): Address | undefined {
    const { packet, route } = this.flight;
    return sourceAddress(this.machine.host, device, route?.gateway ?? packet.dst, packet.dst);
  }

  reject(type: string): void {
    this.machine.emitter.reject(this.machine, this.flight, type);
  }

  duplicate(gateway: Address, device: string | undefined): void {
    this.machine.emitter.duplicate(this.machine, this.flight, this.hook, { gateway, device });
  }

  answer(packet: Packet, what: string): void {
    this.machine.emitter.answer(this.machine, this.flight, packet, what);
  }

  assignSocket(port: number): void {
    this.flight.assignedPort = port;
  }

  log(line: string): void {
    this.logged.push(line);
  }
}
