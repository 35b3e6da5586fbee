/** Where packets come from: the line, the form behind it, the presets. */
import type { ScenarioPacket } from '../../../../src-sim/sim/scenario';
import { PRESETS, type Preset } from '../presets';
import { isPending, type PanelState } from '../state';
import { h, setAttributes, whenChanged } from './element';
import { icon } from './icons';
import { createPacketForm, type PacketForm } from './packet-form';
import { createPacketLineInput } from './packet-line-input';
import type { Dispatch, View } from './view';

export function createPacketEntry(dispatch: Dispatch): View {
  const editor = createPacketEditor(dispatch);
  const buttons = PRESETS.map((preset) => presetButton(preset, dispatch));
  const presets = h('div', { class: 'presets', role: 'group', 'aria-label': 'Presets' }, ...buttons);
  const notice = h('p', { class: 'notice', role: 'status' });
  return {
    element: h('section', { class: 'packet-entry', 'aria-label': 'New packet' }, editor.element, presets, notice),
    update(state) {
      editor.update(state);
      const isEmpty = (state.packets ?? []).length === 0;
      for (const [index, { kind }] of PRESETS.entries()) {
        const isIdle = isPending(state) || (isEmpty && kind === 'continue');
        buttons[index]?.setAttribute('aria-disabled', String(isIdle));
      }
      notice.textContent = state.notice ?? '';
    },
  };
}

function presetButton({ id, label, title, kind }: Preset, dispatch: Dispatch): HTMLButtonElement {
  const onclick = (): void => dispatch({ kind: 'preset', id });
  return h('button', { type: 'button', class: `chip preset ${kind}`, title, 'data-preset': id, onclick }, label);
}

/** Makes a packet, or changes the one that the state says is edited. */
function createPacketEditor(dispatch: Dispatch): View {
  let editing: number | undefined;
  const send = (): void => {
    const packet = line.take();
    if (packet === undefined) return;
    dispatch(editing === undefined ? { kind: 'add', packet } : { kind: 'replace', index: editing, packet });
  };
  const stop = (): void => dispatch({ kind: 'stop-editing' });
  const form = createPacketForm((packet) => line.fill(packet));
  const line = createPacketLineInput({ typed: form.show, enter: send, escape: stop });
  const submit = h('button', { type: 'submit', class: 'primary' });
  const cancel = h('button', { type: 'button', class: 'link', onclick: stop }, 'cancel');
  const buttons = h('div', { class: 'buttons' }, submit, cancel, formToggle(form));
  const element = h('form', { 'aria-label': 'Packet' }, ...line.elements, buttons, form.element);
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  const showExample = whenChanged<PanelState>(
    ({ packets, cursor }) => [packets?.[cursor.packet]],
    ({ packets, cursor }) => {
      const example = packets?.[cursor.packet] ?? EXAMPLE;
      line.suggest(example);
      if (line.isEmpty()) form.show(example);
    },
  );
  const showEdited = whenChanged<PanelState>(
    (state) => [state.editing],
    (state) => {
      editing = state.editing;
      const packet = editing === undefined ? undefined : state.packets?.[editing];
      line.fill(packet);
      if (packet) form.show(packet);
      if (packet) line.focus();
      submit.replaceChildren(editing === undefined ? 'Add packet' : `Replace packet ${editing + 1}`);
      cancel.hidden = editing === undefined;
    },
  );
  return {
    element,
    update(state) {
      form.setHost(state.answer?.host, state.answer?.family);
      showExample(state);
      showEdited(state);
    },
  };
}

function formToggle({ element }: PacketForm): HTMLButtonElement {
  const toggle = h(
    'button',
    { type: 'button', class: 'link with-icon', 'aria-expanded': 'false', 'aria-controls': element.id },
    icon('fields'),
    'fields',
  );
  toggle.addEventListener('click', () => {
    element.hidden = !element.hidden;
    setAttributes(toggle, { 'aria-expanded': String(!element.hidden) });
  });
  return toggle;
}

const EXAMPLE: ScenarioPacket = {
  in: 'eth0',
  src: '198.51.100.7',
  dst: '203.0.113.1',
  proto: 'tcp',
  sport: 40_000,
  dport: 80,
  flags: 'S',
};
