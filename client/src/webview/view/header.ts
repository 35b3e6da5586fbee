/** The top line: which ruleset on which host, the playback's buttons, the virtual time. */
import type { HostDescription } from '../../../../src-sim/sim/scenario';
import { type PanelState, selectedExchange } from '../state';
import { h, setAttributes, whenChanged } from './element';
import { icon, iconButton } from './icons';
import type { Dispatch, View } from './view';

export function createHeader(dispatch: Dispatch): View {
  const facts = h('div', { class: 'facts' });
  const play = h('button', { type: 'button', class: 'play' });
  const time = h('output', { class: 'time', 'aria-label': 'virtual time' });
  const controls = h(
    'div',
    { class: 'controls', role: 'toolbar', 'aria-label': 'Playback' },
    iconButton('first', 'First packet', () => dispatch({ kind: 'first' })),
    iconButton('back', 'Step back', () => dispatch({ kind: 'back' })),
    play,
    iconButton('forward', 'Step forward', () => dispatch({ kind: 'forward' })),
    iconButton('last', 'Last packet', () => dispatch({ kind: 'last' })),
  );
  let playing = false;
  play.addEventListener('click', () => dispatch({ kind: playing ? 'pause' : 'play' }));
  const showFacts = whenChanged<PanelState>(
    ({ name, answer }) => [name, answer?.host, answer?.family],
    ({ name, answer }) => facts.replaceChildren(h('h1', {}, name), ...factChips(answer)),
  );
  const showPlay = whenChanged<PanelState>(
    (state) => [state.playing],
    (state) => {
      playing = state.playing;
      play.replaceChildren(icon(playing ? 'pause' : 'play'), h('span', {}, playing ? 'pause' : 'play'));
      setAttributes(play, { 'aria-label': playing ? 'Pause' : 'Play', 'aria-pressed': String(playing) });
    },
  );
  return {
    element: h('header', {}, facts, controls, time),
    update(state) {
      showFacts(state);
      showPlay(state);
      time.textContent = `t = ${seconds(selectedExchange(state)?.result.time ?? 0)}`;
    },
  };
}

export function seconds(time: number): string {
  return `${Number(time.toFixed(2))} s`;
}

function factChips(answer: PanelState['answer']): readonly HTMLElement[] {
  if (answer === undefined) return [];
  const kernel = answer.host.kernel;
  return [
    chip(answer.family === 4 ? 'IPv4' : 'IPv6', 'family'),
    ...interfaceTexts(answer.host).map((text) => chip(text, 'interface')),
    ...(kernel === undefined ? [] : [chip(`kernel ${kernel}`, 'kernel')]),
  ];
}

function interfaceTexts(host: HostDescription): readonly string[] {
  return Object.entries(host.interfaces ?? {}).map(([name, { addresses }]) => [name, ...(addresses ?? [])].join(' '));
}

function chip(text: string, fact: string): HTMLElement {
  return h('span', { class: 'chip', 'data-fact': fact }, text);
}
