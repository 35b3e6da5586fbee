/** The input of one packet line: read when Enter is pressed, errors shown at the word that is wrong. */
import { parsePacketLine, printPacketLine } from '../../../../src-sim/sim/packet-line';
import type { ScenarioPacket } from '../../../../src-sim/sim/scenario';
import { h, setAttributes } from './element';

export interface PacketLineInput {
  readonly elements: readonly HTMLElement[];
  isEmpty(): boolean;
  /** Shows a packet as an example: what Enter takes where nothing was typed. */
  suggest(packet: ScenarioPacket): void;
  /** Puts a packet, or nothing, in the line. */
  fill(packet: ScenarioPacket | undefined): void;
  focus(): void;
  /** The packet of the line, which is cleared; undefined where it cannot be read. */
  take(): ScenarioPacket | undefined;
}

export interface PacketLineEvents {
  /** The line has become a whole packet. */
  typed(packet: ScenarioPacket): void;
  enter(): void;
  escape(): void;
}

const ERROR_ID = 'packet-line-error';

export function createPacketLineInput(events: PacketLineEvents): PacketLineInput {
  const input = h('textarea', {
    rows: 2,
    spellcheck: 'false',
    autocomplete: 'off',
    class: 'code',
    'aria-label': 'Packet line',
    'aria-describedby': ERROR_ID,
  });
  const error = h('p', { class: 'error', id: ERROR_ID, role: 'alert' });
  const showError = (text: string): void => {
    error.textContent = text;
    setAttributes(input, { 'aria-invalid': text === '' ? undefined : 'true' });
  };
  input.addEventListener('input', () => {
    const parsed = parsePacketLine(input.value);
    if (parsed.ok) events.typed(parsed.packet);
    if (parsed.ok || input.value === '') showError('');
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.isComposing) events.enter();
    else if (event.key === 'Escape') events.escape();
    else if (event.key === 'ArrowUp' && input.value === '') input.value = input.placeholder;
    else return;
    event.preventDefault();
  });
  return {
    elements: [input, error],
    isEmpty: () => input.value.trim() === '',
    suggest(packet) {
      input.placeholder = printPacketLine(packet);
    },
    fill(packet) {
      input.value = packet === undefined ? '' : printPacketLine(packet);
      showError('');
    },
    focus: () => input.focus(),
    take() {
      const parsed = parsePacketLine(input.value.trim() === '' ? input.placeholder : input.value);
      showError(parsed.ok ? '' : parsed.error);
      if (parsed.ok) input.value = '';
      else selectWord(input, parsed.offset);
      return parsed.ok ? parsed.packet : undefined;
    },
  };
}

function selectWord(input: HTMLTextAreaElement, start: number): void {
  input.focus();
  input.setSelectionRange(start, start + input.value.slice(start).search(/\s|$/));
}
