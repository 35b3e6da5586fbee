/** The tables of ebtables on a machine: their counters and what their matches remember, and a frame's walk through one. */

import { BROADCAST_MAC, isGroupMac } from '../ebt/mac-type';
import type { BridgeRule, BridgeRuleset } from '../ebt/ruleset';
import { type BridgeAnswer, type WalkObserver, type WalkPlace, walkBridgeTable } from '../ebt/walk';
import type { BridgeWorld, FrameType } from '../ebt/world';
import type { Interface } from '../host/host';
import type { BridgeChainName, BridgeTableName } from '../netfilter/hook';
import type { Mismatch } from '../xt/define';
import type { InFlight } from './in-flight';
import type { Machine, MutableCounters } from './machine';
import type { BridgeStepPlace } from './trace';

export class BridgeTables {
  readonly #counters = new Map<BridgeRule, MutableCounters>();
  readonly #states = new Map<object, object>();

  constructor(readonly ruleset: BridgeRuleset) {}

  /** The kernel counts on from what the text gave with `-c`. */
  counters(rule: BridgeRule): MutableCounters {
    const known = this.#counters.get(rule);
    if (known) return known;
    const counters = { ...rule.counters };
    this.#counters.set(rule, counters);
    return counters;
  }

  /** A rule's options are its own: they tell whose state it is. */
  state<T extends object>(given: object, initial: () => T): T {
    const known = this.#states.get(given);
    // Each key belongs to one extension, which asks for one type.
    if (known !== undefined) return known as T;
    const made = initial();
    this.#states.set(given, made);
    return made;
  }

  /** As the kernel's tables list them: `filter:FORWARD:2`, rules only. */
  snapshot(): { readonly [place: string]: readonly [packets: number, bytes: number] } {
    const places = this.ruleset.tables.flatMap(({ name, chains }) =>
      chains.flatMap((chain) =>
        chain.rules.map((rule, index) => {
          const { packets, bytes } = this.counters(rule);
          return [`${name}:${chain.name}:${index + 1}`, [packets, bytes]] as const;
        }),
      ),
    );
    return Object.fromEntries(places);
  }
}

/** Where a frame is between the ports of a bridge. */
export interface BridgeCrossing {
  readonly machine: Machine;
  readonly bridge: Interface;
  /** The port that it came in by; undefined: the host sends it. */
  readonly inPort: Interface | undefined;
  readonly outPort: string | undefined;
}

/** @returns nothing where the machine has no such table */
export function walkBridge(
  crossing: BridgeCrossing,
  flight: InFlight,
  name: BridgeTableName,
  hook: BridgeChainName,
): BridgeAnswer | undefined {
  const { bridgeTables } = crossing.machine;
  const table = bridgeTables?.ruleset.tables.find((one) => one.name === name);
  const base = table?.chains.find((chain) => chain.name === hook);
  if (bridgeTables === undefined || table === undefined || base === undefined) return undefined;
  const passage = new BridgePassage(bridgeTables, crossing, flight, name, hook);
  return walkBridgeTable(table, base, flight.packet, passage, passage);
}

class BridgePassage implements BridgeWorld, WalkObserver {
  readonly #logged: string[] = [];

  constructor(
    readonly tables: BridgeTables,
    readonly crossing: BridgeCrossing,
    readonly flight: InFlight,
    readonly table: BridgeTableName,
    readonly hook: BridgeChainName,
  ) {}

  get now(): number {
    return this.crossing.machine.now;
  }

  get inPort(): string | undefined {
    return this.crossing.inPort?.name;
  }

  get outPort(): string | undefined {
    return this.crossing.outPort;
  }

  get bridge(): string {
    return this.crossing.bridge.name;
  }

  get macSource(): string {
    return this.flight.macSource ?? '';
  }

  get macDestination(): string {
    return this.flight.macDestination ?? '';
  }

  get frameType(): FrameType {
    return this.flight.frameType ?? 'host';
  }

  get mark(): number {
    return this.flight.mark;
  }

  matchState<T extends object>(given: object, initial: () => T): T {
    return this.tables.state(given, initial);
  }

  setMark(mark: number): void {
    this.flight.mark = mark >>> 0;
  }

  setSource(mac: string): void {
    this.flight.macSource = mac;
  }

  /** @kernel net/bridge/netfilter/ebt_dnat.c:ebt_dnat_tg */
  setDestination(mac: string): void {
    const own = this.#ownMac();
    this.flight.macDestination = mac;
    if (isGroupMac(mac)) this.flight.frameType = mac === BROADCAST_MAC ? 'broadcast' : 'multicast';
    else if (own !== undefined) this.flight.frameType = mac === own ? 'host' : 'otherhost';
  }

  /** @kernel net/bridge/netfilter/ebt_redirect.c:ebt_redirect_tg */
  redirect(): void {
    this.flight.macDestination = this.#ownMac();
    this.flight.frameType = 'host';
  }

  /** Whose address makes the frame the host's. */
  #ownMac(): string | undefined {
    if (this.hook === 'BROUTING') return this.crossing.inPort?.mac;
    return this.hook === 'PREROUTING' ? this.crossing.bridge.mac : undefined;
  }

  log(line: string): void {
    this.#logged.push(line);
  }

  testing(): void {
    this.#logged.length = 0;
  }

  missed(place: WalkPlace, rule: BridgeRule, { option, saw }: Mismatch): void {
    if (this.crossing.machine.explain !== 'all') return;
    this.flight.story.steps?.push({ kind: 'bridge-rule', matched: false, option, saw, ...this.#place(place, rule) });
  }

  matched(rule: BridgeRule): void {
    const counters = this.tables.counters(rule);
    counters.packets += 1;
    counters.bytes += this.flight.packet.length;
  }

  done(place: WalkPlace, rule: BridgeRule, verdict: string): void {
    const detail = this.#logged.join('; ');
    this.flight.story.steps?.push({
      kind: 'bridge-rule',
      matched: true,
      verdict,
      ...(detail === '' ? {} : { detail }),
      ...this.#place(place, rule),
    });
  }

  policy(place: WalkPlace): void {
    this.flight.story.steps?.push({
      kind: 'bridge-policy',
      verdict: place.chain.policy,
      ...this.#place(place, undefined),
    });
  }

  #place({ chain, number }: WalkPlace, rule: BridgeRule | undefined): BridgeStepPlace {
    return {
      bridgeHook: this.hook,
      bridgeTable: this.table,
      chain: chain.name,
      number,
      text: rule?.text ?? '',
    };
  }
}
