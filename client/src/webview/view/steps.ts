/** The steps of the selected packet, and beneath them those of the packets that it caused. */
import type { MadePacket } from '../../../../src-sim/sim/trace';
import { outcomeOf } from '../outcome';
import { type PanelState, selectedExchange } from '../state';
import { h, setAttributes, whenChanged } from './element';
import { showSelected } from './listbox';
import { stepList } from './step-list';
import { undecidedNode } from './undecided';
import type { Dispatch, Reveal, View } from './view';

export function createSteps(dispatch: Dispatch, reveal: Reveal): View {
  const title = h('span', {});
  const filters = { all: filterButton('all', dispatch), matched: filterButton('matched', dispatch) };
  const lists = h('div', { class: 'scroll' });
  const draw = whenChanged<PanelState>(
    ({ answer, settled, cursor, filter, opened }) => [answer, settled, cursor.packet, filter, opened],
    (state) => lists.replaceChildren(...(state.answer ? listsOf(state, dispatch, reveal) : [])),
  );
  const mark = whenChanged<PanelState>(
    ({ answer, settled, cursor, filter, opened }) => [answer, settled, cursor, filter, opened],
    (state) => markSelected(lists, state),
  );
  const show = h('span', { class: 'filter', role: 'group', 'aria-label': 'Show' }, filters.all, filters.matched);
  return {
    element: h('section', { class: 'steps', 'aria-label': 'Steps' }, h('h2', {}, title, show), lists),
    update(state) {
      title.textContent = `Steps of packet ${state.cursor.packet + 1}`;
      for (const [filter, button] of Object.entries(filters)) {
        setAttributes(button, { 'aria-pressed': String(filter === state.filter) });
      }
      draw(state);
      mark(state);
    },
  };
}

function filterButton(filter: 'all' | 'matched', dispatch: Dispatch): HTMLButtonElement {
  const label = filter === 'all' ? 'all' : 'only what matched';
  return h('button', { type: 'button', class: 'link', onclick: () => dispatch({ kind: 'filter', filter }) }, label);
}

function listsOf(state: PanelState, dispatch: Dispatch, reveal: Reveal): readonly Node[] {
  const result = selectedExchange(state)?.result;
  if (result === undefined) return [h('p', { class: 'empty' }, 'No steps yet.')];
  const own = stepList(state, undefined, dispatch, reveal);
  const caused = result.made.flatMap((packet, index) => [
    causedTitle(packet),
    stepList(state, index, dispatch, reveal),
  ]);
  const unsure = result.unsure.map((one) => undecidedNode(one, dispatch));
  return [...unsure, own, ...caused];
}

function causedTitle(packet: MadePacket): HTMLElement {
  const { sign, word, tone } = outcomeOf(packet.fate);
  return h(
    'h3',
    { class: 'caused' },
    h('span', { class: 'tone-way' }, '↳ '),
    `${packet.what} `,
    h('span', { class: 'code tone-quiet' }, `${packet.proto} ${packet.src} ▸ ${packet.dst} `),
    h('span', { class: `tone-${tone}` }, `${sign} ${word}`),
  );
}

/** Marks the selected step; while stepping, what is still to come is dim. */
function markSelected(lists: HTMLElement, { cursor }: PanelState): void {
  for (const list of lists.querySelectorAll<HTMLElement>('.step-list')) {
    const own = list.dataset.caused === (cursor.caused === undefined ? undefined : String(cursor.caused));
    for (const option of list.querySelectorAll<HTMLElement>('[role=option]')) {
      const step = Number(option.dataset.key);
      setAttributes(option, { 'aria-selected': String(own && step === cursor.step) });
      option.classList.toggle('to-come', cursor.walking && (!own || step > cursor.step));
    }
    if (own) showSelected(list, lists);
  }
}
