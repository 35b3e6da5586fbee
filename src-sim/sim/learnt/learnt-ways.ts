/**
 * Verdicts without a walk, as of a flow table beside the rules: a packet goes the whole way once, with everything
 * written down that its way depended on; those of which the same is true go it in one step. What is not a matter of
 * headers and routes (a match that remembers, chance, the time, a target that sends or rewrites) is never learnt.
 * Conntrack is never skipped: entries, windows, timeouts and clashes are as on the whole way. test/compiled.test.ts
 * holds the two together.
 */

import type { Node } from '../../conntrack/chains';
import { keyRest, ROW_WORDS, WORD } from '../../conntrack/columns';
import type { Entry } from '../../conntrack/entry';
import { STATUS_BIT } from '../../conntrack/entry-row';
import { HandshakePrediction } from '../../conntrack/predicted-handshake';
import { SegmentPrediction } from '../../conntrack/predicted-segment';
import { confirm, type TrackAnswer, type TrackContext, track, trackFirst, trackFound } from '../../conntrack/track';
import { setUpNullBinding } from '../../nat/nat';
import { ipv4Address } from '../../net/address';
import type { Packet } from '../../net/packet';
import type { CompiledChains } from '../compiled/compiled-walk';
import { walk } from '../inject';
import type { Machine, MutableCounters } from '../machine';
import { makePacket } from '../make-packet';
import type { ScenarioPacket } from '../scenario';
import type { PacketFate } from '../trace';
import { MTU, type PlainPacket } from './plain-packet';
import { Recorder } from './recorder';
import { RoutingClasses } from './routing-classes';
import { type Rewritten, type Starts, type Way, WayTree } from './way';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What conntrack found: the number of a state, and the row of the entry (0: none) with the packet's direction. */
interface Seen {
  state: number;
  row: number;
  isReply: boolean;
}

const STATE = { NEW: 0, ESTABLISHED: 1, INVALID: 2, OTHER: 3 } as const;
/** NAT's decisions about a NEW flow: of the source, of the destination. */
const BINDINGS = 4;
const MAPPED = STATUS_BIT.srcNat | STATUS_BIT.dstNat;
/** {@link confirm} has something else to say. */
const UNCONFIRMABLE = STATUS_BIT.confirmed | STATUS_BIT.dying;
const DECIDED = { source: STATUS_BIT.srcNatDone, destination: STATUS_BIT.dstNatDone } as const;

export class LearntWays {
  readonly #ways = new WayTree();
  readonly #routing: RoutingClasses;
  readonly #prediction: SegmentPrediction;
  readonly #handshake: HandshakePrediction;
  readonly #hasNat: boolean;
  readonly #mostEntries: number;
  readonly #conntrack: Mutable<TrackContext>;
  readonly #seen: Seen = { state: STATE.INVALID, row: 0, isReply: false };
  readonly #rewritten: Rewritten = { dst: 0, dport: 0 };

  #source: (() => ScenarioPacket) | undefined;
  /** The packet that is on its way, for {@link RoutingClasses}; made once, since every packet would pay for another. */
  readonly #sample = (): Packet | undefined => {
    const source = this.#source?.();
    return source && { ...makePacket(source), dst: ipv4Address(this.#rewritten.dst) };
  };

  /** Whether anything can be learnt on a machine: nothing looks at a packet before conntrack, or beside the rules. */
  static suits({ family, director, host, registered, conntrackActive }: Machine): boolean {
    const [first] = registered.PREROUTING.filter(({ kind }) => kind !== 'defragmentation');
    const isFirst = !conntrackActive || first?.kind === 'conntrack';
    const links = [...host.interfaces.values()];
    const arePlain = links.every(({ mtu, ports }) => mtu >= MTU && ports.length === 0);
    return family === 'ipv4' && director === undefined && !host.routes.hasPolicy && isFirst && arePlain;
  }

  constructor(
    readonly machine: Machine,
    readonly chains: CompiledChains,
  ) {
    this.#routing = new RoutingClasses(machine.host);
    this.#prediction = new SegmentPrediction(machine.table.columns, machine.host);
    this.#handshake = new HandshakePrediction(machine.table.columns, machine.host);
    this.#mostEntries = machine.host.sysctl.get('net.netfilter.nf_conntrack_max');
    this.#hasNat = machine.tables.has('nat');
    this.#conntrack = { ...machine.conntrack(), isPrerouting: true };
  }

  /** @param source makes the packet as the whole way wants it */
  go(packet: PlainPacket, source: () => ScenarioPacket): PacketFate {
    const { machine } = this;
    this.#conntrack.now = machine.now;
    const answer = machine.conntrackActive ? this.#track(packet, source) : this.#nothingSeen();
    const ways = this.#waysFrom(packet, source);
    const start = this.#startOf();
    const way = ways && this.#ways.find(ways, start, packet, this.#rewritten);
    if (way === undefined) {
      const tracked = machine.conntrackActive ? (answer ?? this.#predictedAnswer()) : undefined;
      return this.#learn(ways, start, source(), tracked);
    }
    return this.#take(way, packet.length);
  }

  #nothingSeen(): undefined {
    this.#seen.state = STATE.INVALID;
    this.#seen.row = 0;
  }

  /** @returns nothing where the segment was as predicted: nobody needs an answer then, but on the whole way */
  #track(packet: PlainPacket, source: () => ScenarioPacket): TrackAnswer | undefined {
    const { table, now } = this.#conntrack;
    const [src, dst] = [packet.src | 0, packet.dst | 0];
    const ports = (packet.sport << 16) | (packet.dport & 0xffff);
    const rest = keyRest(packet.protocol, false, 0);
    const node = table.findNode(src, dst, ports, rest, now);
    if (table.expectations.size > 0) return this.#note(track(makePacket(source()), undefined, this.#conntrack));
    if (node === 0) {
      if (this.#isOpening(packet)) return this.#open(packet, table.openRow(src, dst, ports, rest, now));
      return this.#note(trackFirst(packet, [src, dst, ports, rest], this.#conntrack));
    }
    if (this.#isPredicted(packet, node)) return undefined;
    const found = table.foundAt(node);
    const answer = found && trackFound(packet, found, false, this.#conntrack);
    if (answer !== undefined && answer !== 'again') return this.#note(answer);
    return this.#note(trackFirst(packet, [src, dst, ports, rest], this.#conntrack));
  }

  #isOpening({ transport, hasOptions }: PlainPacket): boolean {
    const { table, counts } = this.#conntrack;
    const isSegment = transport.kind === 'tcp' && !hasOptions && this.#handshake.isOpening(transport);
    return isSegment && !counts && table.size < this.#mostEntries;
  }

  #open({ transport }: PlainPacket, row: number): undefined {
    if (transport.kind === 'tcp') this.#handshake.open(row, transport);
    this.#seen.state = STATE.NEW;
    this.#seen.row = row;
    this.#seen.isReply = false;
  }

  #isPredicted({ transport, hasOptions }: PlainPacket, node: Node): boolean {
    const { table, now } = this.#conntrack;
    const row = node >>> 1;
    const isReply = (node & 1) === 1;
    if (transport.kind !== 'tcp' || hasOptions || !isOrdinary(table.objectAt(row))) return false;
    const isTracked =
      this.#prediction.track(row, isReply, transport, now) || this.#handshake.answer(row, isReply, transport, now);
    if (!isTracked) return false;
    table.timeoutWritten(row);
    this.#seen.state = STATE.ESTABLISHED;
    this.#seen.row = row;
    this.#seen.isReply = isReply;
    return true;
  }

  #predictedAnswer(): TrackAnswer {
    const { row, isReply, state } = this.#seen;
    const entry = this.#conntrack.table.entryAt(row);
    const info = state === STATE.NEW ? 'NEW' : 'ESTABLISHED';
    const direction = isReply ? 'reply' : 'original';
    const attachment = entry && ({ kind: 'tracked', entry, info, direction } as const);
    return { verdict: 'ACCEPT', attachment, change: info === 'NEW' ? 'created' : 'updated', text: info };
  }

  #note(answer: TrackAnswer): TrackAnswer {
    const seen = this.#seen;
    const { attachment, verdict } = answer;
    seen.row = attachment?.kind === 'tracked' ? attachment.entry.row : 0;
    seen.isReply = attachment?.kind === 'tracked' && attachment.direction === 'reply';
    if (attachment === undefined && verdict === 'ACCEPT') seen.state = STATE.INVALID;
    else if (attachment?.kind !== 'tracked' || attachment.info === 'RELATED') seen.state = STATE.OTHER;
    else seen.state = isOrdinary(attachment.entry) ? STATE[attachment.info] : STATE.OTHER;
    return answer;
  }

  /** The ways that begin with the packet's route; undefined where it has none that can be learnt. */
  #waysFrom(packet: PlainPacket, source: () => ScenarioPacket): Starts | undefined {
    const { state } = this.#seen;
    if (state === STATE.OTHER) return undefined;
    const rewritten = this.#rewritten;
    rewritten.dst = packet.dst;
    rewritten.dport = packet.dport;
    if (this.#hasNat) this.#readMapping();
    this.#source = source;
    return this.#routing.forwarding(packet.in ?? '', packet.src, rewritten.dst, this.#sample)?.starts;
  }

  #readMapping(): void {
    const { row, isReply } = this.#seen;
    if (row === 0 || (this.#status(row) & MAPPED) === 0) return;
    const { words } = this.#conntrack.table.columns;
    const other = row * ROW_WORDS + (isReply ? WORD.original : WORD.reply);
    this.#rewritten.dst = (words[other] ?? 0) >>> 0;
    this.#rewritten.dport = (words[other + 2] ?? 0) >>> 16;
  }

  /** State and NAT's decisions as a number. */
  #startOf(): number {
    const { state, row } = this.#seen;
    if (!this.#hasNat || state !== STATE.NEW || row === 0) return state * BINDINGS;
    const status = this.#status(row);
    return state * BINDINGS + (status & DECIDED.source ? 1 : 0) + (status & DECIDED.destination ? 2 : 0);
  }

  #status(row: number): number {
    return this.#conntrack.table.columns.words[row * ROW_WORDS + WORD.status] ?? 0;
  }

  #take(way: Way, bytes: number): PacketFate {
    const { machine } = this;
    const { state, row } = this.#seen;
    const { counters } = way;
    for (let at = 0; at < counters.length; at += 1) count(counters[at], bytes);
    let { fate } = way;
    if (state === STATE.NEW && row !== 0) {
      if (way.bindsDestination || way.bindsSource) this.#bind(row, way);
      if (way.fate.kind === 'sent') fate = this.#confirm(row) ?? fate;
    }
    machine.table.removeExpired(machine.now);
    return fate;
  }

  #bind(row: number, { bindsDestination, bindsSource }: Way): void {
    const entry = this.#conntrack.table.entryAt(row);
    if (entry && bindsDestination) setUpNullBinding(entry, 'dst', this.machine.nat());
    if (entry && bindsSource) setUpNullBinding(entry, 'src', this.machine.nat());
  }

  #confirm(row: number): PacketFate | undefined {
    const { table, now } = this.#conntrack;
    const status = this.#status(row);
    if ((status & UNCONFIRMABLE) === 0 && table.insertRow(row, now) === 0) return undefined;
    const entry = table.entryAt(row);
    if (entry === undefined) return undefined;
    const { verdict, text } = confirm({ kind: 'tracked', entry, info: 'NEW', direction: 'original' }, this.#conntrack);
    return verdict === 'ACCEPT' ? undefined : { kind: 'dropped', where: 'conntrack', reason: text };
  }

  #learn(ways: Starts | undefined, start: number, source: ScenarioPacket, answer: TrackAnswer | undefined): PacketFate {
    const { machine, chains } = this;
    if (ways === undefined) return walk(machine, source, answer).story.fate;
    const entry = answer?.attachment?.kind === 'tracked' ? answer.attachment.entry : undefined;
    const isBound = { source: entry?.status.srcNatDone ?? true, destination: entry?.status.dstNatDone ?? true };
    const recorder = new Recorder();
    chains.recorder = recorder;
    const { fate } = walk(machine, source, answer).story;
    chains.recorder = undefined;
    if (!this.#isLearnable(recorder, fate)) return fate;
    this.#ways.add(ways, start, recorder.questions, {
      kind: 'way',
      counters: recorder.counters,
      fate,
      bindsDestination: !isBound.destination && entry?.status.dstNatDone === true,
      bindsSource: !isBound.source && entry?.status.srcNatDone === true,
    });
    return fate;
  }

  /** Sent, or dropped by a rule or a policy: other ends have reasons that are the packet's own. */
  #isLearnable({ isSpoilt }: Recorder, fate: PacketFate): boolean {
    const { made, unsure } = this.machine;
    if (isSpoilt || made.length > 0 || unsure.length > 0) return false;
    return fate.kind === 'sent' || (fate.kind === 'dropped' && fate.where.includes(':'));
  }
}

function count(counters: MutableCounters | undefined, bytes: number): void {
  if (counters === undefined) return;
  counters.packets += 1;
  counters.bytes += bytes;
}

/** Nothing depends on the flow but what its row says. */
function isOrdinary(entry: Entry | undefined): boolean {
  if (entry === undefined) return true;
  const { helper, master, counters, sequenceShift } = entry;
  return helper === undefined && master === undefined && counters === undefined && sequenceShift === undefined;
}
