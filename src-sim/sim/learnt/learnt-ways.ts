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
import { SegmentPrediction } from '../../conntrack/predicted-segment';
import { confirm, type TrackAnswer, type TrackContext, track, trackFirst, trackFound } from '../../conntrack/track';
import { setUpNullBinding } from '../../nat/nat';
import { ipv4Address } from '../../net/address';
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

/** What conntrack found: the number of a state, and the entry with the packet's direction. */
interface Seen {
  state: number;
  entry: Entry | undefined;
  isReply: boolean;
}

const STATE = { NEW: 0, ESTABLISHED: 1, INVALID: 2, OTHER: 3 } as const;
/** NAT's decisions about a NEW flow: of the source, of the destination. */
const BINDINGS = 4;
const MAPPED = STATUS_BIT.srcNat | STATUS_BIT.dstNat;

export class LearntWays {
  readonly #ways = new WayTree();
  readonly #routing: RoutingClasses;
  readonly #prediction: SegmentPrediction;
  readonly #hasNat: boolean;
  readonly #conntrack: Mutable<TrackContext>;
  readonly #seen: Seen = { state: STATE.INVALID, entry: undefined, isReply: false };
  readonly #rewritten: Rewritten = { dst: 0, dport: 0 };

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
    this.#seen.entry = undefined;
  }

  /** @returns nothing where the segment was as predicted: nobody needs an answer then, but on the whole way */
  #track(packet: PlainPacket, source: () => ScenarioPacket): TrackAnswer | undefined {
    const { table, now } = this.#conntrack;
    const [src, dst] = [packet.src | 0, packet.dst | 0];
    const ports = (packet.sport << 16) | (packet.dport & 0xffff);
    const rest = keyRest(packet.protocol, false, 0);
    const node = table.findNode(src, dst, ports, rest, now);
    if (table.expectations.size > 0) return this.#note(track(makePacket(source()), undefined, this.#conntrack));
    if (node === 0) return this.#note(trackFirst(packet, [src, dst, ports, rest], this.#conntrack));
    if (this.#isPredicted(packet, node)) return undefined;
    const found = table.foundAt(node);
    const answer = found && trackFound(packet, found, false, this.#conntrack);
    if (answer !== undefined && answer !== 'again') return this.#note(answer);
    return this.#note(trackFirst(packet, [src, dst, ports, rest], this.#conntrack));
  }

  #isPredicted({ transport, hasOptions }: PlainPacket, node: Node): boolean {
    const { table, now } = this.#conntrack;
    const row = node >>> 1;
    const isReply = (node & 1) === 1;
    const entry = table.entryAt(row);
    if (transport.kind !== 'tcp' || hasOptions || entry === undefined || !isOrdinary(entry)) return false;
    if (!this.#prediction.track(row, isReply, transport, now)) return false;
    table.timeoutWritten(row);
    this.#seen.state = STATE.ESTABLISHED;
    this.#seen.entry = entry;
    this.#seen.isReply = isReply;
    return true;
  }

  #predictedAnswer(): TrackAnswer {
    const { entry, isReply } = this.#seen;
    const direction = isReply ? 'reply' : 'original';
    const attachment = entry && ({ kind: 'tracked', entry, info: 'ESTABLISHED', direction } as const);
    return { verdict: 'ACCEPT', attachment, change: 'updated', text: 'ESTABLISHED' };
  }

  #note(answer: TrackAnswer): TrackAnswer {
    const seen = this.#seen;
    const { attachment, verdict } = answer;
    seen.entry = attachment?.kind === 'tracked' ? attachment.entry : undefined;
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
    return this.#routing.forwarding(packet.in ?? '', packet.src, rewritten.dst, () => {
      return { ...makePacket(source()), dst: ipv4Address(rewritten.dst) };
    })?.starts;
  }

  #readMapping(): void {
    const { entry, isReply } = this.#seen;
    const { words } = this.#conntrack.table.columns;
    const row = (entry?.row ?? 0) * ROW_WORDS;
    if (entry === undefined || ((words[row + WORD.status] ?? 0) & MAPPED) === 0) return;
    const other = row + (isReply ? WORD.original : WORD.reply);
    this.#rewritten.dst = (words[other] ?? 0) >>> 0;
    this.#rewritten.dport = (words[other + 2] ?? 0) >>> 16;
  }

  /** State and NAT's decisions as a number. */
  #startOf(): number {
    const { state, entry } = this.#seen;
    if (!this.#hasNat || state !== STATE.NEW || entry === undefined) return state * BINDINGS;
    const { srcNatDone, dstNatDone } = entry.status;
    return state * BINDINGS + (srcNatDone ? 1 : 0) + (dstNatDone ? 2 : 0);
  }

  #take(way: Way, bytes: number): PacketFate {
    const { machine } = this;
    const { state, entry } = this.#seen;
    const { counters } = way;
    for (let at = 0; at < counters.length; at += 1) count(counters[at], bytes);
    let { fate } = way;
    if (state === STATE.NEW && entry !== undefined) {
      if (way.bindsDestination) setUpNullBinding(entry, 'dst', machine.nat());
      if (way.bindsSource) setUpNullBinding(entry, 'src', machine.nat());
      if (way.fate.kind === 'sent') fate = this.#confirm(entry) ?? fate;
    }
    machine.table.removeExpired(machine.now);
    return fate;
  }

  #confirm(entry: Entry): PacketFate | undefined {
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
function isOrdinary({ helper, master, counters, sequenceShift }: Entry): boolean {
  return helper === undefined && master === undefined && counters === undefined && sequenceShift === undefined;
}
