/** Where packets come from: the line, the form behind it, the presets. */
import { parsePacketLine, printPacketLine } from '../../../../src-sim/sim/packet-line';
import type { ScenarioPacket } from '../../../../src-sim/sim/scenario';
import { PRESETS, type Preset } from '../presets';
import { isPending, type PanelState } from '../state';
import { h, setAttributes, whenChanged } from './element';
import { icon } from './icons';
import { createPacketForm } from './packet-form';
import type { Dispatch, View } from './view';

export function createPacketEntry(dispatch: Dispatch): View {
  const line = createPacketLine(dispatch);
  const presets = h(
    'div',
    { class: 'presets', role: 'group', 'aria-label': 'Presets' },
    ...PRESETS.map((preset) => presetButton(preset, dispatch)),
  );
  const notice = h('p', { class: 'notice', role: 'status' });
  return {
    element: h('section', { class: 'packet-entry', 'aria-label': 'New packet' }, line.element, presets, notice),
    update(state) {
      line.update(state);
      const pending = isPending(state);
      for (const button of presets.children) {
        const idle = pending || ((state.packets?.length ?? 0) === 0 && button.classList.contains('continue'));
        setAttributes(button, { 'aria-disabled': idle ? 'true' : undefined });
      }
      notice.textContent = state.notice ?? '';
    },
  };
}

function presetButton(preset: Preset, dispatch: Dispatch): HTMLButtonElement {
  const { id, label, title, kind } = preset;
  const onclick = (): void => dispatch({ kind: 'preset', id });
  return h('button', { type: 'button', class: `chip preset ${kind}`, title, 'data-preset': id, onclick }, label);
}

function createPacketLine(dispatch: Dispatch): View {
  const input = h('textarea', {
    rows: 2,
    spellcheck: 'false',
    autocomplete: 'off',
    class: 'code',
    'aria-label': 'Packet line',
    'aria-describedby': 'packet-line-error',
  });
  const error = h('p', { class: 'error', id: 'packet-line-error', role: 'alert' });
  const submit = h('button', { type: 'submit', class: 'primary' });
  const cancel = h(
    'button',
    { type: 'button', class: 'link', onclick: () => dispatch({ kind: 'stop-editing' }) },
    'cancel',
  );
  const fields = h(
    'button',
    { type: 'button', class: 'link with-icon', 'aria-expanded': 'false', 'aria-controls': 'packet-form' },
    icon('fields'),
    'fields',
  );
  const form = createPacketForm((packet) => {
    input.value = printPacketLine(packet);
    showError(undefined);
  });
  let current: PanelState | undefined;
  let editing: number | undefined;

  function showError(problem: { readonly offset: number; readonly error: string } | undefined): void {
    error.textContent = problem?.error ?? '';
    setAttributes(input, { 'aria-invalid': problem ? 'true' : undefined });
  }

  /** The line as typed; empty, it stands for the selected packet that it shows as an example. */
  function send(): void {
    const parsed = parsePacketLine(input.value.trim() === '' ? input.placeholder : input.value);
    showError(parsed.ok ? undefined : parsed);
    if (!parsed.ok) {
      input.focus();
      input.setSelectionRange(parsed.offset, wordEnd(input.value, parsed.offset));
      return;
    }
    if (editing === undefined) dispatch({ kind: 'add', packet: parsed.packet });
    else dispatch({ kind: 'replace', index: editing, packet: parsed.packet });
    input.value = '';
  }

  function onInput(): void {
    const parsed = parsePacketLine(input.value);
    if (parsed.ok) form.show(parsed.packet);
    if (parsed.ok || input.value === '') showError(undefined);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && !event.isComposing) send();
    else if (event.key === 'Escape' && editing !== undefined) dispatch({ kind: 'stop-editing' });
    else if (event.key === 'ArrowUp' && input.value === '') input.value = input.placeholder;
    else return;
    event.preventDefault();
  }

  function toggleForm(): void {
    form.element.hidden = !form.element.hidden;
    setAttributes(fields, { 'aria-expanded': String(!form.element.hidden) });
  }

  input.addEventListener('input', onInput);
  input.addEventListener('keydown', onKey);
  fields.addEventListener('click', toggleForm);
  const element = h(
    'form',
    { class: 'packet-line', 'aria-label': 'Packet' },
    input,
    error,
    h('div', { class: 'buttons' }, submit, cancel, fields),
    form.element,
  );
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });

  const showExample = whenChanged<PanelState>(
    ({ packets, cursor }) => [packets?.[cursor.packet]],
    ({ packets, cursor }) => {
      const example = packets?.[cursor.packet] ?? EXAMPLE;
      input.placeholder = printPacketLine(example);
      if (input.value === '') form.show(example);
    },
  );
  return {
    element,
    update(state) {
      current = state;
      form.setHost(current.answer?.host, current.answer?.family);
      showExample(state);
      if (state.editing !== editing) {
        editing = state.editing;
        const packet = editing === undefined ? undefined : state.packets?.[editing];
        input.value = packet === undefined ? '' : printPacketLine(packet);
        showError(undefined);
        if (packet !== undefined) {
          form.show(packet);
          input.focus();
        }
      }
      submit.replaceChildren(editing === undefined ? 'Add packet' : `Replace packet ${editing + 1}`);
      cancel.hidden = editing === undefined;
    },
  };
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

function wordEnd(text: string, from: number): number {
  const length = text.slice(from).search(/\s|$/);
  return from + Math.max(length, 0);
}
