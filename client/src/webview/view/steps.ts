/** The steps of the selected packet under their hooks, and beneath them those of the packets that it caused. */
import type { MadePacket, Step } from '../../../../src-sim/sim/trace';
import { outcomeOf } from '../outcome';
import { type PanelState, selectedExchange, stepsOf } from '../state';
import { type StepGroup, type StepRow, stepGroups } from '../step-rows';
import { h, setAttributes, whenChanged, wordNodes } from './element';
import { createListbox, optionAttributes, showSelected } from './listbox';
import type { Dispatch, Reveal, View } from './view';

export function createSteps(dispatch: Dispatch, reveal: Reveal): View {
  const title = h('span', {});
  const filters = { all: filterButton('all', dispatch), matched: filterButton('matched', dispatch) };
  const lists = h('div', { class: 'step-lists' });
  const element = h(
    'section',
    { class: 'steps', 'aria-label': 'Steps' },
    h(
      'h2',
      {},
      title,
      h('span', { class: 'filter', role: 'group', 'aria-label': 'Show' }, filters.all, filters.matched),
    ),
    lists,
  );
  const draw = whenChanged<PanelState>(
    ({ answer, settled, cursor, filter, opened }) => [answer, settled, cursor.packet, filter, opened],
    (state) => lists.replaceChildren(...(state.answer ? listsOf(state, dispatch, reveal) : [])),
  );
  return {
    element,
    update(state) {
      title.textContent = `Steps of packet ${state.cursor.packet + 1}`;
      for (const [filter, button] of Object.entries(filters)) {
        setAttributes(button, { 'aria-pressed': String(filter === state.filter) });
      }
      draw(state);
      markSelected(lists, state);
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
  const unsure = result.unsure.map((text) => h('p', { class: 'unsure' }, h('b', {}, 'Not sure: '), text));
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

function stepList(state: PanelState, caused: number | undefined, dispatch: Dispatch, reveal: Reveal): HTMLElement {
  const steps = stepsOf(state, state.cursor.packet, caused);
  const groups = stepGroups({
    steps,
    outline: state.answer?.outline ?? [],
    filter: state.filter,
    opened: caused === undefined ? state.opened : ALL_FOLDED,
  });
  const rows = new Map(groups.flatMap((group) => group.rows.map((row) => [row.step, row] as const)));
  const show = (key: string, focus: boolean): void => {
    const row = rows.get(Number(key));
    if (row?.kind === 'folded' && focus) dispatch({ kind: 'open-fold', step: row.step });
    else if (row?.kind === 'step' && row.line !== undefined) reveal(row.line, focus);
  };
  const select = (key: string): void =>
    dispatch({ kind: 'select-step', step: Number(key), ...(caused === undefined ? {} : { caused }) });
  const label =
    caused === undefined ? 'Steps' : `Steps of what packet ${state.cursor.packet + 1} caused, ${caused + 1}`;
  const list = createListbox(label, 'step-list', { select, activate: (key) => show(key, true) });
  // A click shows the rule and leaves the keyboard here; Enter goes to the editor.
  list.addEventListener('click', (event) => {
    const option = event.target instanceof Element ? event.target.closest('[role=option]') : null;
    if (option instanceof HTMLElement) show(option.dataset.key ?? '', option.dataset.kind === 'folded');
  });
  setAttributes(list, { 'data-caused': caused });
  list.append(...groups.map((group, index) => groupNode(group, `step${caused ?? ''}`, index, steps)));
  return list;
}

const ALL_FOLDED: ReadonlySet<number> = new Set();

function groupNode(group: StepGroup, list: string, index: number, steps: readonly Step[]): HTMLElement {
  const id = `${list}-group-${index}`;
  const title = h('div', { class: 'hook', id }, group.title, devices(group, steps));
  return h('div', { role: 'group', 'aria-labelledby': id }, title, ...group.rows.map((row) => rowNode(row, list)));
}

/** The devices that `-i` and `-o` see there. */
function devices({ hook }: StepGroup, steps: readonly Step[], inDevice: string | undefined): HTMLElement | undefined {
  const outDevice = steps.find((step) => step.kind === 'routing')?.device;
  const from = hook === 'OUTPUT' || hook === undefined ? '' : (inDevice ?? '');
  const to = hook === 'PREROUTING' || hook === 'INPUT' ? '' : (outDevice ?? '');
  const text = [from, '▸', to].filter((part) => part !== '').join(' ');
  return text === '▸' ? undefined : h('span', { class: 'devices' }, text);
}

function rowNode(row: StepRow, list: string): HTMLElement {
  const number = h('span', { class: 'number' }, String(row.step + 1));
  const option = { ...optionAttributes(list, row.step, false), 'data-kind': row.kind };
  if (row.kind === 'folded') {
    return h(
      'div',
      { ...option, class: 'step folded', title: 'Show them' },
      number,
      h('span', { class: 'what' }, row.text),
    );
  }
  const name = h('span', { class: row.nameTone ? `name tone-${row.nameTone}` : 'name code' }, row.name);
  const why = row.why === undefined ? undefined : h('span', { class: 'reason tone-why' }, ` ${row.why}`);
  const note = row.note === undefined ? undefined : h('span', { class: 'note' }, ` ${row.note}`);
  const what = h('span', { class: 'what' }, h(row.code ? 'code' : 'span', {}, ...wordNodes(row.words)), why, note);
  const verdict = h('span', { class: `verdict tone-${row.verdictTone ?? 'strong'}` }, row.verdict);
  const node = h(
    'div',
    { ...option, class: `step ${row.matched ? 'matched' : 'missed'}`, 'data-place': row.name, 'data-line': row.line },
    number,
    name,
    what,
    verdict,
  );
  node.style.setProperty('--depth', String(row.depth));
  return node;
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
    if (own) showSelected(list);
  }
}
