/** The panel's state: what each event makes of it. */
import { expect, test } from 'vitest';
import { exchangesOf, INITIAL, reduce, stepsOf } from '../client/src/webview/state';
import { HOST, ROUTER } from './panel-rulesets';
import { openPanel } from './panel-session';

const flags = (panel: ReturnType<typeof openPanel>) => panel.state.packets?.map((packet) => packet.flags);

test('an answer to an older question is not shown', () => {
  const panel = openPanel(ROUTER);
  const { answer, turn } = panel.state;
  if (answer === undefined) throw new Error('no answer');
  const asked = reduce(panel.state, { kind: 'delete' });
  const late = reduce(asked, { kind: 'message', message: { kind: 'answer', turn, answer, saved: true } });
  expect(late).toBe(asked);
  const ofAnEdit = reduce(asked, { kind: 'message', message: { kind: 'answer', turn: 0, answer, saved: true } });
  expect(ofAnEdit).toBe(asked);
});

test('until the answer comes, the results of the packets before a change still hold', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 1 });
  const pending = reduce(panel.state, { kind: 'duplicate' });
  expect(pending.packets).toHaveLength(4);
  expect(exchangesOf(pending)).toHaveLength(2);
});

test('packets are added behind the selected one, duplicated, moved, replaced, deleted', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  panel.dispatch({ kind: 'duplicate' });
  expect(flags(panel)).toEqual(['S', 'S', 'SA', 'A']);
  expect(panel.state.cursor.packet).toBe(1);
  panel.dispatch({ kind: 'move', by: 1 });
  expect(flags(panel)).toEqual(['S', 'SA', 'S', 'A']);
  expect(panel.state.cursor.packet).toBe(2);
  const [syn] = panel.state.packets ?? [];
  if (syn) panel.dispatch({ kind: 'replace', index: 2, packet: { ...syn, flags: 'R' } });
  expect(flags(panel)).toEqual(['S', 'SA', 'R', 'A']);
  panel.dispatch({ kind: 'delete' });
  expect(flags(panel)).toEqual(['S', 'SA', 'A']);
  panel.dispatch({ kind: 'move', by: 1 });
  panel.dispatch({ kind: 'move', by: 1 });
  expect(panel.state.cursor.packet).toBe(2);
});

test('with all packets deleted nothing is selected that is not there', () => {
  const panel = openPanel(HOST);
  for (let count = panel.state.packets?.length ?? 0; count > 0; count -= 1) panel.dispatch({ kind: 'delete' });
  panel.dispatch({ kind: 'delete' });
  panel.dispatch({ kind: 'duplicate' });
  panel.dispatch({ kind: 'play' });
  expect(panel.state.packets).toEqual([]);
  expect(panel.state.playing).toBe(false);
  panel.preset('reply');
  expect(panel.state.notice).toContain('Select a packet first');
  panel.preset('handshake');
  expect(panel.state.packets?.length).toBeGreaterThan(1);
});

test('what was remembered is shown again', () => {
  const { packets = [] } = openPanel(ROUTER).state;
  const remembered = { packets, selected: 1, filter: 'matched' as const };
  const opened = reduce(INITIAL, { kind: 'message', message: { kind: 'opened', uri: 'u', name: 'n', remembered } });
  expect(opened).toMatchObject({ packets, filter: 'matched', plan: [], cursor: { packet: 1 } });
});

test('the step that decided is selected first', () => {
  const panel = openPanel(ROUTER);
  panel.add('in eth0 udp 198.51.100.7:4000 > 10.0.0.9:53');
  const { packet, step } = panel.state.cursor;
  expect(stepsOf(panel.state, packet)[step]).toMatchObject({ chain: 'FORWARD', number: 3, verdict: 'REJECT' });
});

test('an edit of the ruleset changes the results and keeps the selection', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 1 });
  panel.edit(ROUTER.replace('RELATED,ESTABLISHED -j ACCEPT', 'RELATED,ESTABLISHED -j DROP'));
  expect(exchangesOf(panel.state).map(({ result }) => result.fate.kind)).toEqual(['sent', 'dropped', 'dropped']);
  expect(panel.state.cursor.packet).toBe(1);
  expect(panel.state.saved?.map(({ fate }) => fate.kind)).toEqual(['sent', 'sent', 'sent']);
});

test('a ruleset that would be refused is simulated without what is wrong in it', () => {
  const panel = openPanel(ROUTER.replace('-A INPUT -i lo -j ACCEPT', '-A INPUT --nonsense'));
  expect(panel.state.answer?.result.load).toMatchObject({ ok: false, error: expect.stringMatching(/^\d+:\d+: /) });
  expect(exchangesOf(panel.state)).toHaveLength(3);
});

test('play walks every step of every packet from the selected one on, and ends with the last packet whole', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'first' });
  panel.dispatch({ kind: 'play' });
  const seen = [panel.state.cursor];
  for (let ticks = 0; panel.state.playing && ticks < 200; ticks += 1) {
    panel.dispatch({ kind: 'tick' });
    seen.push(panel.state.cursor);
  }
  const walked = seen.filter(({ walking }) => walking).map(({ packet, step }) => [packet, step]);
  expect(walked).toEqual([0, 1, 2].flatMap((packet) => stepsOf(panel.state, packet).map((_, step) => [packet, step])));
  expect(panel.state.cursor).toMatchObject({ packet: 2, walking: false });
});

test('step back undoes step forward', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'first' });
  const cursors = Array.from({ length: 8 }, () => {
    panel.dispatch({ kind: 'forward' });
    return panel.state.cursor;
  });
  for (const cursor of cursors.slice(0, -1).reverse()) {
    panel.dispatch({ kind: 'back' });
    expect(panel.state.cursor).toEqual(cursor);
  }
});

test('only what matched: stepping leaves out the rules that did not', () => {
  const panel = openPanel(HOST);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  panel.dispatch({ kind: 'filter', filter: 'matched' });
  panel.dispatch({ kind: 'play' });
  const steps = stepsOf(panel.state, 0);
  const seen = [];
  for (; panel.state.cursor.packet === 0 && panel.state.cursor.walking; panel.dispatch({ kind: 'tick' })) {
    seen.push(steps[panel.state.cursor.step]);
  }
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.filter((step) => step?.kind === 'rule' && !step.matched)).toEqual([]);
});

test('what cannot be decided is taken as the reader says, for one rule', () => {
  const panel = openPanel(
    '*filter\n:INPUT DROP\n-A INPUT -m cpu --cpu 0 -j ACCEPT\n-A INPUT -m cpu --cpu 1 -j DROP\nCOMMIT\n',
  );
  const place = 'filter:INPUT:1';
  const chosen = () => exchangesOf(panel.state)[0]?.result.unsure.map(({ choice }) => [choice?.place, choice?.chosen]);
  const fate = () => exchangesOf(panel.state)[0]?.result.fate.kind;
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  expect(fate()).toBe('dropped');
  expect(chosen()).toEqual([
    [place, undefined],
    ['filter:INPUT:2', undefined],
  ]);
  panel.dispatch({ kind: 'assume', place, taken: true });
  expect(fate()).toBe('delivered');
  expect(chosen()).toEqual([[place, true]]);
  panel.dispatch({ kind: 'assume', place, taken: false });
  expect(fate()).toBe('dropped');
});
