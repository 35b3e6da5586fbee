/**
 * The simulation panel's page: the state, its views, and the extension they speak with.
 *
 * What tests and assistive technology find things by:
 * - toolbar "Playback" with buttons "First packet", "Step back", "Play" or "Pause", "Step forward", "Last packet"
 * - listbox "Packets": an option per packet, `data-fate` = sent, delivered, dropped, rejected or held
 * - toolbar "Selected packet": "Edit packet", "Duplicate packet", "Move packet up", "Move packet down", "Delete packet"
 * - textbox "Packet line", button "Add packet" (or "Replace packet N"), button "fields", group "Packet fields"
 * - group "Presets": buttons with `data-preset` = handshake, udp, ping, stray-ack, stray-syn-ack, reply, close,
 *   icmp-error, wait
 * - region "The packet's way": groups with `data-hook`, and in them `data-place` = HOOK/PLACE, `data-crossed`
 * - region "Steps", group "Show" (buttons "all", "only what matched"), listbox "Steps": options with `data-place`, the
 *   kernel's name of the place (`filter:FORWARD:1`, `filter:INPUT:policy`, `conntrack`), and `data-line`, the 0-based
 *   line of the ruleset; beneath it a listbox with `data-caused` for each packet that the host made
 * - groups "What is taken" with `data-place`, where the simulator could not decide: a button for each choice
 * - region "Conntrack table", list "Conntrack entries": items with `data-change` = created, changed, unchanged, expired
 *   or destroyed
 * - `data-turn` and `data-settled` on the body: how many changes were made, and whether the answer to the last is shown
 */
import type { FromPanel, ToPanel } from './messages';
import { INITIAL, isPending, type PanelState, reduce, selectedExchange } from './state';
import { decidingStep, lineOfStep } from './step-rows';
import { createConntrackTable } from './view/conntrack-table';
import { h, setAttributes } from './view/element';
import { createHeader } from './view/header';
import { createHookMap } from './view/hook-map';
import { createPacketEntry } from './view/packet-entry';
import { createPacketList } from './view/packet-list';
import { createProblem } from './view/problem';
import { createSteps } from './view/steps';
import type { Dispatch, View } from './view/view';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPanel): void;
  setState(state: unknown): void;
};

const host = acquireVsCodeApi();
let state = INITIAL;

const dispatch: Dispatch = (action) => {
  const before = state;
  state = reduce(state, action);
  if (state === before) return;
  tell(before, state);
  show();
};

const reveal = (line: number, focus: boolean): void => host.postMessage({ kind: 'reveal', line, focus });

const views: readonly View[] = createPage();

function createPage(): readonly View[] {
  const header = createHeader(dispatch);
  const problem = createProblem(reveal);
  const packets = createPacketList(dispatch, revealDecision);
  const entry = createPacketEntry(dispatch);
  const map = createHookMap(dispatch);
  const steps = createSteps(dispatch, reveal);
  const table = createConntrackTable((text) => host.postMessage({ kind: 'copy', text }));
  const lower = h('div', { class: 'lower' }, steps.element, table.element);
  const side = h('aside', { 'aria-label': 'Packets' }, packets.element, entry.element);
  const main = h('main', {}, problem.element, map.element, lower);
  document.body.append(header.element, h('div', { class: 'columns' }, side, main));
  return [header, problem, packets, entry, map, steps, table];
}

function show(): void {
  for (const view of views) view.update(state);
  const settled = !isPending(state) && state.plan.length === 0;
  setAttributes(document.body, { 'data-turn': state.turn, 'data-settled': String(settled) });
}

/** What the extension has to know of a change. */
function tell(before: PanelState, after: PanelState): void {
  if (after.turn !== before.turn) {
    const packets = after.packets === undefined ? {} : { packets: after.packets };
    host.postMessage({ kind: 'simulate', turn: after.turn, assume: after.assume, ...packets });
  }
  const { packets, filter, cursor, assume } = after;
  const moved =
    packets !== before.packets ||
    assume !== before.assume ||
    filter !== before.filter ||
    cursor.packet !== before.cursor.packet;
  if (packets !== undefined && moved) {
    host.postMessage({ kind: 'remember', remembered: { packets, selected: cursor.packet, filter, assume } });
  }
  if (after.playing && !before.playing) startTicking();
}

function revealDecision(): void {
  const steps = selectedExchange(state)?.result.steps ?? [];
  const line = lineOfStep(steps[decidingStep(steps)], state.answer?.outline ?? []);
  if (line !== undefined) reveal(line, true);
}

const STEP_MILLISECONDS = 420;
const WITHOUT_MOTION_MILLISECONDS = 1200;

function startTicking(): void {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const timer = setInterval(
    () => {
      dispatch({ kind: 'tick' });
      if (!state.playing) clearInterval(timer);
    },
    calm ? WITHOUT_MOTION_MILLISECONDS : STEP_MILLISECONDS,
  );
}

addEventListener('message', ({ data }: MessageEvent<ToPanel>) => {
  if (data.kind === 'opened') host.setState({ uri: data.uri });
  dispatch({ kind: 'message', message: data });
});
show();
host.postMessage({ kind: 'ready' });
