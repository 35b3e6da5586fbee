/**
 * All that the panel knows, and how each event changes it. Pure: what has to be said to the extension follows from the
 * difference between two states (main.ts): another `turn` asks for a simulation.
 */

import type { SimulateAnswer } from '../../../server/src/lsp/protocol';
import type { Assumptions, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { MadePacket, PacketResult, Step } from '../../../src-sim/sim/trace';
import type { Exchange } from './flow';
import type { StepFilter, ToPanel } from './messages';
import { type Move, playMove } from './moves';
import { atEnd, type Cursor, startOfPlay, stepBack, stepForward, type Track, wholePacket } from './playback';
import { PRESETS } from './presets';
import { decidingStep, visibleSteps } from './step-rows';

export interface PanelState {
  readonly name: string;
  /** Undefined until the extension or the ruleset has said which. */
  readonly packets: readonly ScenarioPacket[] | undefined;
  /** What the reader takes where the simulator cannot decide. */
  readonly assume: Assumptions;
  /** Counts the changes of `packets` and `assume`: an answer to an older one is not shown. 0: nothing asked yet. */
  readonly turn: number;
  /** The turn that `answer` answers. */
  readonly answered: number;
  readonly answer: SimulateAnswer | undefined;
  /** How many of the packets, from the first, `answer` still speaks of. */
  readonly settled: number;
  /** What each packet came to when the ruleset was last saved. */
  readonly saved: readonly PacketResult[] | undefined;
  readonly cursor: Cursor;
  readonly playing: boolean;
  readonly filter: StepFilter;
  /** Folded runs of steps that the reader opened, by their first step. */
  readonly opened: ReadonlySet<number>;
  /** Moves of a preset that wait for an answer to the one before. */
  readonly plan: readonly Move[];
  /** The packet that the form edits; undefined where it makes a new one. */
  readonly editing: number | undefined;
  readonly notice: string | undefined;
  readonly failure: string | undefined;
}

export type Action =
  | { readonly kind: 'message'; readonly message: ToPanel }
  | { readonly kind: 'select-packet'; readonly packet: number; readonly caused?: number }
  | { readonly kind: 'select-step'; readonly step: number; readonly caused?: number }
  | { readonly kind: 'open-fold'; readonly step: number }
  | { readonly kind: 'add'; readonly packet: ScenarioPacket }
  | { readonly kind: 'replace'; readonly index: number; readonly packet: ScenarioPacket }
  | { readonly kind: 'duplicate' | 'delete' | 'edit' | 'stop-editing' }
  | { readonly kind: 'move'; readonly by: 1 | -1 }
  | { readonly kind: 'preset'; readonly id: string }
  | { readonly kind: 'filter'; readonly filter: StepFilter }
  | { readonly kind: 'assume'; readonly place: string; readonly taken: Assumptions[string] }
  | { readonly kind: 'play' | 'pause' | 'tick' | 'first' | 'back' | 'forward' | 'last' };

export const INITIAL: PanelState = {
  name: '',
  packets: undefined,
  assume: {},
  turn: 0,
  answered: 0,
  answer: undefined,
  settled: 0,
  saved: undefined,
  cursor: { packet: 0, caused: undefined, step: 0, walking: false },
  playing: false,
  filter: 'all',
  opened: new Set(),
  plan: [],
  editing: undefined,
  notice: undefined,
  failure: undefined,
};

export function reduce(state: PanelState, action: Action): PanelState {
  switch (action.kind) {
    case 'message':
      return onMessage(state, action.message);
    case 'select-packet':
      return selectPacket(state, action.packet, action.caused);
    case 'select-step':
      return selectStep(state, action.step, action.caused);
    case 'open-fold':
      return { ...state, opened: new Set([...state.opened, action.step]) };
    case 'filter':
      return { ...state, filter: action.filter };
    case 'assume':
      return assume(state, action.place, action.taken);
    case 'preset':
      return startPreset(state, action.id);
    case 'add':
    case 'replace':
    case 'duplicate':
    case 'delete':
    case 'move':
    case 'edit':
    case 'stop-editing':
      return editPackets(state, action);
    default:
      return play(state, action.kind);
  }
}

/** Whether an answer is still to come. */
export function isPending({ turn, answered, answer }: PanelState): boolean {
  return turn !== answered || answer === undefined;
}

/** Packets with their results, as far as the answer still speaks of them. */
export function exchangesOf(state: PanelState): readonly Exchange[] {
  const results = state.answer?.result.packets ?? [];
  return (state.packets ?? []).slice(0, state.settled).flatMap((packet, index) => {
    const result = results[index];
    return result ? [{ packet, result }] : [];
  });
}

export function selectedExchange(state: PanelState): Exchange | undefined {
  return exchangesOf(state)[state.cursor.packet];
}

/** What the picture and the steps are of: the selected packet, or one that it caused. */
export function shownPassage(state: PanelState): PacketResult | MadePacket | undefined {
  const result = selectedExchange(state)?.result;
  return state.cursor.caused === undefined ? result : (result?.made[state.cursor.caused] ?? result);
}

export function stepsOf(state: PanelState, packet: number, caused?: number): readonly Step[] {
  const result = exchangesOf(state)[packet]?.result;
  return (caused === undefined ? result : result?.made[caused])?.steps ?? [];
}

function trackOf(state: PanelState): Track {
  const outline = state.answer?.outline ?? [];
  const { filter, opened } = state;
  return {
    packets: exchangesOf(state).length,
    steps: (packet) => visibleSteps({ steps: stepsOf(state, packet), outline, filter, opened }),
    deciding: (packet) => decidingStep(stepsOf(state, packet)),
  };
}

function onMessage(state: PanelState, message: ToPanel): PanelState {
  switch (message.kind) {
    case 'opened':
      return onOpened(state, message);
    case 'failed':
      return { ...state, failure: message.message, plan: [] };
    case 'answer':
      return onAnswer(state, message);
  }
}

function onOpened(state: PanelState, { name, remembered }: Extract<ToPanel, { kind: 'opened' }>): PanelState {
  const opened = { ...state, name, turn: state.turn + 1 };
  if (remembered === undefined || remembered.packets.length === 0) return { ...opened, plan: FIRST_PLAN };
  const { packets, selected, filter, assume = {} } = remembered;
  return { ...opened, packets, filter, assume, cursor: { ...state.cursor, packet: selected } };
}

/** The ruleset suggests a first packet; the panel goes on with it as the handshake would. */
const FIRST_PLAN: readonly Move[] = PRESETS.find(({ id }) => id === 'handshake')?.moves.slice(1) ?? [];

function onAnswer(state: PanelState, { turn, answer, saved }: Extract<ToPanel, { kind: 'answer' }>): PanelState {
  if (turn === 0 ? isPending(state) : turn !== state.turn) return state;
  const packets = state.packets ?? answer.packets;
  const settled = Math.min(packets.length, answer.result.packets.length);
  const answered = {
    ...state,
    packets,
    answer,
    answered: state.turn,
    settled,
    saved: saved ? answer.result.packets : state.saved,
    failure: undefined,
  };
  const selected = Math.min(state.cursor.packet, Math.max(0, packets.length - 1));
  const shown = turn === 0 && state.cursor.walking ? answered : select(answered, selected);
  return continuePlan(shown);
}

function select(state: PanelState, packet: number): PanelState {
  return {
    ...state,
    cursor: wholePacket(trackOf(state), packet),
    opened: state.cursor.packet === packet ? state.opened : new Set(),
  };
}

function selectPacket(state: PanelState, packet: number, caused: number | undefined): PanelState {
  const selected = { ...select(state, packet), playing: false, editing: undefined, notice: undefined };
  if (caused === undefined) return selected;
  const step = decidingStep(stepsOf(state, packet, caused));
  return { ...selected, cursor: { packet: selected.cursor.packet, caused, step, walking: false } };
}

function selectStep(state: PanelState, step: number, caused: number | undefined): PanelState {
  return { ...state, playing: false, cursor: { packet: state.cursor.packet, caused, step, walking: false } };
}

type Edit = Extract<Action, { kind: 'add' | 'replace' | 'duplicate' | 'delete' | 'move' | 'edit' | 'stop-editing' }>;

function editPackets(state: PanelState, edit: Edit): PanelState {
  const packets = state.packets ?? [];
  const at = state.cursor.packet;
  const current = packets[at];
  switch (edit.kind) {
    case 'add':
      return insert(state, Math.min(at + 1, packets.length), edit.packet);
    case 'replace':
      return withPackets(state, packets.with(edit.index, edit.packet), edit.index, edit.index);
    case 'duplicate':
      return current === undefined ? state : insert(state, at + 1, current);
    case 'delete':
      return withPackets(state, packets.toSpliced(at, 1), at, Math.max(0, Math.min(at, packets.length - 2)));
    case 'move':
      return current === undefined ? state : movePacket(state, at, at + edit.by);
    case 'edit':
      return current === undefined ? state : { ...state, editing: at };
    case 'stop-editing':
      return { ...state, editing: undefined };
  }
}

function insert(state: PanelState, at: number, packet: ScenarioPacket): PanelState {
  return withPackets(state, (state.packets ?? []).toSpliced(at, 0, packet), at, at);
}

function movePacket(state: PanelState, from: number, to: number): PanelState {
  const packets = state.packets ?? [];
  const packet = packets[from];
  if (packet === undefined || to < 0 || to >= packets.length) return state;
  return withPackets(state, packets.toSpliced(from, 1).toSpliced(to, 0, packet), Math.min(from, to), to);
}

/** @param changed the first packet whose result no longer holds. */
function withPackets(
  state: PanelState,
  packets: readonly ScenarioPacket[],
  changed: number,
  selected: number,
): PanelState {
  return {
    ...state,
    packets,
    turn: state.turn + 1,
    settled: Math.min(state.settled, changed),
    cursor: { packet: selected, caused: undefined, step: 0, walking: false },
    opened: new Set(),
    playing: false,
    editing: undefined,
    notice: undefined,
    saved: state.saved?.slice(0, changed),
  };
}

/** Other packets may meet the rule too: all are asked again. */
function assume(state: PanelState, place: string, taken: Assumptions[string]): PanelState {
  const { packet } = state.cursor;
  const chosen = { ...state, assume: { ...state.assume, [place]: taken } };
  return withPackets(chosen, state.packets ?? [], 0, packet);
}

function startPreset(state: PanelState, id: string): PanelState {
  const preset = PRESETS.find((candidate) => candidate.id === id);
  if (preset === undefined || isPending(state)) return state;
  // A new flow is put at the end; what continues a flow is put behind the selected packet.
  const last = Math.max(0, (state.packets?.length ?? 0) - 1);
  const from = preset.kind === 'begin' ? { ...state, cursor: { ...state.cursor, packet: last } } : state;
  return continuePlan({ ...from, plan: preset.moves, notice: undefined });
}

/** Plays the next move of the plan, where there is one: its packet is added, and its answer plays the one after. */
function continuePlan(state: PanelState): PanelState {
  const [move, ...rest] = state.plan;
  if (move === undefined) return state;
  const context = {
    exchanges: exchangesOf(state),
    selected: state.cursor.packet,
    suggested: state.answer?.suggested ?? [],
  };
  const moved = playMove(move, context);
  switch (moved.kind) {
    case 'packet':
      return {
        ...insert(state, Math.min(state.cursor.packet + 1, state.packets?.length ?? 0), moved.packet),
        plan: rest,
      };
    case 'skip':
      return continuePlan({ ...state, plan: rest });
    case 'impossible':
      return { ...state, plan: [], notice: moved.why };
  }
}

function play(state: PanelState, kind: 'play' | 'pause' | 'tick' | 'first' | 'back' | 'forward' | 'last'): PanelState {
  const track = trackOf(state);
  if (track.packets === 0) return { ...state, playing: false };
  switch (kind) {
    case 'pause':
      return { ...state, playing: false };
    case 'play':
      return { ...state, playing: true, cursor: startOfPlay(track, state.cursor) };
    case 'tick':
      return tick(state, track);
    case 'first':
      return { ...state, playing: false, cursor: wholePacket(track, 0) };
    case 'back':
      return { ...state, playing: false, cursor: stepBack(track, state.cursor) };
    case 'forward':
      return { ...state, playing: false, cursor: stepForward(track, state.cursor) };
    case 'last':
      return { ...state, playing: false, cursor: wholePacket(track, track.packets - 1) };
  }
}

function tick(state: PanelState, track: Track): PanelState {
  if (!state.playing || atEnd(track, state.cursor)) return { ...state, playing: false };
  const cursor = stepForward(track, state.cursor);
  return { ...state, cursor, playing: !atEnd(track, cursor) };
}
