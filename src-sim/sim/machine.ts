/** The whole state of a simulated host between packets: ruleset with counters, conntrack, clock and chance. */
import { ConntrackTable } from '../conntrack/table';
import type { Conntrack } from '../conntrack/track';
import { FragmentQueues } from '../host/fragment-queue';
import type { Host } from '../host/host';
import type { IpSets } from '../host/ipset';
import { TcpSockets } from '../host/tcp-sockets';
import type { Director } from '../ipvs/director';
import type { NatContext } from '../nat/nat';
import type { Family } from '../net/address';
import { type BridgeVariant, type Hook, type HookFunction, hookEntries, type TableName } from '../netfilter/hook';
import { type Chain, type Counters, NO_COUNTERS, type Rule, type Ruleset } from '../netfilter/ruleset';
import { findMatch, findTarget } from '../xt/registry';
import type { BridgeTables } from './bridge-tables';
import type { Emitter } from './emitter';
import type { SeenStation } from './forwarding-database';
import type { InFlight, Story } from './in-flight';
import { RefusedRule } from './refused-rule';
import type { Assumptions } from './scenario';
import { type Traverse, traverse } from './traverse';
import type { Undecided } from './undecided';

export interface MutableCounters {
  packets: number;
  bytes: number;
}

export interface LoadedTable {
  readonly name: TableName;
  readonly chains: ReadonlyMap<string, Chain>;
  /** How deep jumps may nest: one for each user-defined chain. @kernel net/netfilter/x_tables.c:xt_jumpstack_alloc */
  readonly maxDepth: number;
}

/** Which rules the story of a packet tells of: all that were tested, those that matched, or no story at all. */
export type Explain = 'all' | 'matched' | 'none';

/** What not every host has, or not every scenario tells. */
export interface Equipment {
  /** IPVS, where the host has virtual services. */
  readonly director: Director | undefined;
  readonly ipsets: IpSets | undefined;
  /** ebtables, where the host has it. */
  readonly bridgeTables: BridgeTables | undefined;
  /** In seconds since 1970. */
  readonly startsAt: number | undefined;
  readonly assume: Assumptions;
  readonly emitter: Emitter;
}

export class Machine implements Equipment {
  readonly director: Director | undefined;
  readonly ipsets: IpSets | undefined;
  readonly bridgeTables: BridgeTables | undefined;
  readonly startsAt: number | undefined;
  readonly assume: Assumptions;
  readonly emitter: Emitter;
  readonly tables: ReadonlyMap<TableName, LoadedTable>;
  readonly table = new ConntrackTable();
  readonly sockets = new TcpSockets();
  readonly fragments = new FragmentQueues();
  /** By the names of bridges. */
  readonly forwardingDatabases = new Map<string, Map<string, SeenStation>>();
  /** Conntrack's hooks are registered only where a rule needs them. @kernel net/netfilter/nf_conntrack_proto.c:nf_ct_netns_get */
  readonly conntrackActive: boolean;
  /** What runs at each hook, in order. @kernel net/netfilter/core.c:nf_register_net_hook */
  readonly registered: Readonly<Record<Hook, readonly HookFunction[]>>;
  /** The walk of its chains. */
  traverse: Traverse = traverse;
  /** Fragments are put together before raw where conntrack runs, or a rule looks sockets up. */
  gathersFragments: boolean;
  /** Whether conntrack counts packets and bytes of its flows. */
  countsFlows: boolean;
  /** Virtual time in seconds. */
  now = 0;
  /** What the current packet made the host send, in order; emptied between packets. */
  readonly sent: InFlight[] = [];
  readonly made: Story[] = [];
  readonly unsure: Undecided[] = [];
  /** Whether an ICMP message of the host's own is on its way out. */
  sendsIcmp = false;
  /** Whether a copy of TEE's is on its way out: it is not copied again. */
  isDuplicating = false;
  readonly waitingAtLoopback: InFlight[] = [];
  readonly #counters = new Map<Rule | Chain, MutableCounters>();
  readonly #matchStates = new Map<Rule, Map<object, object>>();
  readonly #sharedStates = new Map<string, object>();
  #chance: number;

  constructor(
    readonly host: Host,
    readonly ruleset: Ruleset,
    readonly explain: Explain,
    seed: number,
    { director, ipsets, bridgeTables, startsAt, assume, emitter }: Equipment,
  ) {
    this.director = director;
    this.ipsets = ipsets;
    this.bridgeTables = bridgeTables;
    this.startsAt = startsAt;
    this.assume = assume;
    this.emitter = emitter;
    this.tables = new Map(ruleset.tables.map((table) => [table.name, loadTable(table.name, table.chains)]));
    this.conntrackActive = rulesOf(ruleset).some(needsConntrack) || director?.needsConntrack === true;
    this.registered = registeredBy((run) => this.#runs(run));
    this.#chance = seed >>> 0;
    // A service of IPv6 wants whole packets; in IPv4 the director gathers them itself.
    this.gathersFragments = this.conntrackActive || (director !== undefined && ruleset.family === 'ipv6');
    this.countsFlows = host.sysctl.get('net.netfilter.nf_conntrack_acct') !== 0;
    for (const rule of rulesOf(ruleset)) this.#prepare(rule);
  }

  /** What nothing needs is not registered: a packet does not even pass it. */
  #runs(run: HookFunction): boolean {
    switch (run.kind) {
      case 'table':
        return this.tables.has(run.table);
      case 'nat':
        return this.tables.has('nat');
      case 'conntrack':
      case 'confirm':
        return this.conntrackActive;
      case 'ipvs-in':
      case 'ipvs-error':
      case 'ipvs-out':
        return this.director !== undefined;
      case 'defragmentation':
        return true;
    }
  }

  /** Which ebtables the host has. */
  get bridgeVariant(): BridgeVariant {
    return this.bridgeTables?.ruleset.variant ?? (this.host.kernel.ebtablesIsNft ? 'nft' : 'legacy');
  }

  get family(): Family {
    return this.ruleset.family;
  }

  /** @throws RefusedRule */
  #prepare({ matches, target, line }: Rule): void {
    const refusals = matches.map((use) => findMatch(use.name)?.prepare?.(use.options, this));
    if (target.kind === 'target') refusals.push(findTarget(target.name)?.prepare?.(target.options, this));
    const refusal = refusals.find((text) => text !== undefined);
    if (refusal !== undefined) throw new RefusedRule(line, refusal);
  }

  /** Mulberry32: a seeded number in [0, 1). */
  random(): number {
    this.#chance = (this.#chance + 0x6d2b79f5) >>> 0;
    let bits = this.#chance;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  conntrack(): Conntrack {
    const { sysctl, kernel } = this.host;
    return { table: this.table, sysctl, kernel, now: this.now, counts: this.countsFlows };
  }

  nat(): NatContext {
    return { table: this.table, now: this.now, random: () => this.random() };
  }

  gatherFragments(): void {
    this.gathersFragments = true;
  }

  countFlows(): void {
    this.countsFlows = true;
  }

  /** From zero: iptables-restore takes a file's counters over only with `--counters`. */
  counters(of: Rule | Chain): Counters {
    return this.#counters.get(of) ?? NO_COUNTERS;
  }

  /** The counters that packets change. */
  tally(of: Rule | Chain): MutableCounters {
    const known = this.#counters.get(of);
    if (known) return known;
    const tally = { ...NO_COUNTERS };
    this.#counters.set(of, tally);
    return tally;
  }

  count(of: Rule | Chain, bytes: number): void {
    const tally = this.tally(of);
    tally.packets += 1;
    tally.bytes += bytes;
  }

  /** Rules that one line makes (`-s a,b`) share their matches' options, but not what these remember. */
  matchState<T extends object>(rule: Rule, given: object, initial: () => T): T {
    return remembered(
      remembered<Rule, Map<object, object>>(this.#matchStates, rule, () => new Map()),
      given,
      initial,
    );
  }

  sharedState<T extends object>(kind: string, name: string, initial: () => T): T {
    return remembered(this.#sharedStates, `${kind} ${name}`, initial);
  }
}

function remembered<Key, T extends object>(states: Map<Key, object>, key: Key, initial: () => T): T {
  const known = states.get(key);
  // Each key belongs to one extension, which asks for one type.
  if (known !== undefined) return known as T;
  const made = initial();
  states.set(key, made);
  return made;
}

function registeredBy(runs: (run: HookFunction) => boolean): Machine['registered'] {
  const at = (hook: Hook) => hookEntries(hook).flatMap(({ run }) => (runs(run) ? [run] : []));
  return {
    PREROUTING: at('PREROUTING'),
    INPUT: at('INPUT'),
    FORWARD: at('FORWARD'),
    OUTPUT: at('OUTPUT'),
    POSTROUTING: at('POSTROUTING'),
  };
}

function loadTable(name: TableName, chains: readonly Chain[]): LoadedTable {
  return {
    name,
    chains: new Map(chains.map((chain) => [chain.name, chain])),
    maxDepth: chains.filter((chain) => chain.policy === undefined).length,
  };
}

function rulesOf({ tables }: Ruleset): readonly Rule[] {
  return tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules));
}

function needsConntrack(rule: Rule): boolean {
  const { matches, target } = rule;
  return (
    matches.some((use) => findMatch(use.name)?.needsConntrack(use.options) ?? false) ||
    (target.kind === 'target' && (findTarget(target.name)?.needsConntrack(target.options) ?? false))
  );
}
