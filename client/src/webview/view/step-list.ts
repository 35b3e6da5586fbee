/** The steps of one packet as a listbox, under the hooks where they happened. */
import type { Step } from '../../../../src-sim/sim/trace';
import { exchangesOf, type PanelState, stepsOf } from '../state';
import { type StepGroup, type StepRow, stepGroups } from '../step-rows';
import { codeNodes, h, setAttributes, wordNodes } from './element';
import { createListbox, optionAttributes } from './listbox';
import type { Dispatch, Reveal } from './view';

/** @param caused which of the packets that the selected one caused; undefined: itself */
export function stepList(
  state: PanelState,
  caused: number | undefined,
  dispatch: Dispatch,
  reveal: Reveal,
): HTMLElement {
  const steps = stepsOf(state, state.cursor.packet, caused);
  const groups = stepGroups({
    steps,
    outline: state.answer?.outline ?? [],
    filter: state.filter,
    opened: caused === undefined ? state.opened : ALL_FOLDED,
  });
  const rows = new Map(groups.flatMap((group) => group.rows.map((row) => [String(row.step), row] as const)));
  const show = (row: StepRow | undefined, focus: boolean): void => {
    if (row?.kind === 'folded') dispatch({ kind: 'open-fold', step: row.step });
    else if (row?.line !== undefined) reveal(row.line, focus);
  };
  const which = caused === undefined ? {} : { caused };
  const list = createListbox(listLabel(state, caused), 'step-list', {
    select: (key) => dispatch({ kind: 'select-step', step: Number(key), ...which }),
    // A click shows the rule and leaves the keyboard here; Enter goes to the editor.
    click: (key) => show(rows.get(key), false),
    activate: (key) => show(rows.get(key), true),
  });
  const inDevice = caused === undefined ? exchangesOf(state)[state.cursor.packet]?.packet.in : undefined;
  const id = `step${caused ?? ''}`;
  setAttributes(list, { 'data-caused': caused });
  list.append(...groups.map((group, at) => groupNode(group, id, at, devicesText(group, steps, inDevice))));
  return list;
}

const ALL_FOLDED: ReadonlySet<number> = new Set();

function listLabel({ cursor }: PanelState, caused: number | undefined): string {
  return caused === undefined ? 'Steps' : `Steps of what packet ${cursor.packet + 1} caused, ${caused + 1}`;
}

function groupNode(group: StepGroup, list: string, at: number, devices: string): HTMLElement {
  const id = `${list}-group-${at}`;
  const title = h('div', { class: 'hook', id }, group.title, h('span', { class: 'devices' }, devices));
  return h('div', { role: 'group', 'aria-labelledby': id }, title, ...group.rows.map((row) => rowNode(row, list)));
}

/** The devices that `-i` and `-o` see at the hook. */
function devicesText({ hook }: StepGroup, steps: readonly Step[], inDevice: string | undefined): string {
  const outDevice = steps.find((step) => step.kind === 'routing')?.device;
  const from = hook === 'OUTPUT' || hook === 'POSTROUTING' ? undefined : inDevice;
  const to = hook === 'PREROUTING' || hook === 'INPUT' ? undefined : outDevice;
  return from === undefined && to === undefined
    ? ''
    : ` ${[from, '▸', to].filter((part) => part !== undefined).join(' ')}`;
}

function rowNode(row: StepRow, list: string): HTMLElement {
  const number = h('span', { class: 'number' }, String(row.step + 1));
  const option = { ...optionAttributes(list, row.step, false), 'data-kind': row.kind };
  const node =
    row.kind === 'folded'
      ? h(
          'div',
          { ...option, class: 'step folded', title: 'Show them' },
          number,
          h('span', { class: 'what' }, row.text),
        )
      : stepNode(row, option, number);
  node.style.setProperty('--depth', String(row.depth));
  return node;
}

function stepNode(row: Extract<StepRow, { kind: 'step' }>, option: object, number: HTMLElement): HTMLElement {
  const { name, nameTone, words, code, why, note, verdict, verdictTone, matched, line } = row;
  return h(
    'div',
    { ...option, class: `step ${matched ? 'matched' : 'missed'}`, 'data-place': name, 'data-line': line },
    number,
    h('span', { class: nameTone ? `name tone-${nameTone}` : 'name code' }, name),
    h(
      'span',
      { class: 'what' },
      code ? h('code', {}, ...codeNodes(words)) : h('span', {}, ...wordNodes(words)),
      why === undefined ? undefined : h('span', { class: 'reason tone-why' }, ` ${why}`),
      note === undefined ? undefined : h('span', { class: 'note' }, note),
    ),
    h('span', { class: `verdict tone-${verdictTone ?? 'strong'}` }, verdict),
  );
}
