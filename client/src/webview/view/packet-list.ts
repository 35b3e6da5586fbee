/** The packets: what each is, what became of it, and why, in three lines. */
import type { ScenarioPacket } from '../../../../src-sim/sim/scenario';
import type { Fate, PacketResult } from '../../../../src-sim/sim/trace';
import type { Exchange } from '../flow';
import { outcomeOf, outcomeSentence, whyWords } from '../outcome';
import { packetWords } from '../packet-words';
import { exchangesOf, type PanelState } from '../state';
import { plain } from '../tone';
import { h, setAttributes, whenChanged, wordNodes } from './element';
import { iconButton } from './icons';
import { createListbox, optionAttributes, showSelected } from './listbox';
import type { Dispatch, View } from './view';

/** @param revealDecision shows the rule that decided about the selected packet */
export function createPacketList(dispatch: Dispatch, revealDecision: () => void): View {
  const list = createListbox('Packets', 'packets', {
    select: (key) => dispatch({ kind: 'select-packet', packet: Number(key) }),
    activate: revealDecision,
    key: (event) => packetKey(event, dispatch),
  });
  const draw = whenChanged<PanelState>(
    ({ packets, answer, settled, saved }) => [packets, answer, settled, saved],
    (state) => {
      const exchanges = exchangesOf(state);
      list.replaceChildren(
        ...(state.packets ?? []).map((packet, index) => packetOption(packet, index, exchanges, state.saved?.[index])),
      );
    },
  );
  return {
    element: h('section', { class: 'packet-list' }, h('h2', {}, 'Packets', packetTools(dispatch)), list),
    update(state) {
      draw(state);
      select(list, state.cursor.packet);
    },
  };
}

function select(list: HTMLElement, packet: number): void {
  for (const [index, option] of [...list.children].entries()) {
    setAttributes(option, { 'aria-selected': String(index === packet) });
  }
  showSelected(list, list);
}

function packetKey(event: KeyboardEvent, dispatch: Dispatch): boolean {
  const action = keyAction(event);
  if (action) dispatch(action);
  return action !== undefined;
}

function keyAction({ key, altKey }: KeyboardEvent): Parameters<Dispatch>[0] | undefined {
  if (altKey && key === 'ArrowUp') return { kind: 'move', by: -1 };
  if (altKey && key === 'ArrowDown') return { kind: 'move', by: 1 };
  if (altKey) return undefined;
  if (key === 'Delete') return { kind: 'delete' };
  return key === 'F2' ? { kind: 'edit' } : undefined;
}

function packetTools(dispatch: Dispatch): HTMLElement {
  return h(
    'span',
    { class: 'tools', role: 'toolbar', 'aria-label': 'Selected packet' },
    iconButton('edit', 'Edit packet', () => dispatch({ kind: 'edit' }), { keys: 'F2' }),
    iconButton('duplicate', 'Duplicate packet', () => dispatch({ kind: 'duplicate' })),
    iconButton('up', 'Move packet up', () => dispatch({ kind: 'move', by: -1 }), { keys: 'Alt+↑' }),
    iconButton('down', 'Move packet down', () => dispatch({ kind: 'move', by: 1 }), { keys: 'Alt+↓' }),
    iconButton('delete', 'Delete packet', () => dispatch({ kind: 'delete' }), { keys: 'Delete' }),
  );
}

function packetOption(
  packet: ScenarioPacket,
  index: number,
  exchanges: readonly Exchange[],
  saved: PacketResult | undefined,
): HTMLElement {
  const words = packetWords(packet);
  const result = exchanges[index]?.result;
  const why = whyWords(exchanges, index);
  const spoken = result ? outcomeSentence(result.fate) : 'not simulated yet';
  const what = `${words.from} ${words.protocol} ${words.kind}, ${words.tuple}`;
  const label = `Packet ${index + 1}: ${what}, ${spoken}. ${plain(why)}`;
  return h(
    'div',
    {
      ...optionAttributes('packet', index, false),
      class: 'packet',
      'aria-label': label,
      'data-fate': result?.fate.kind,
    },
    h('span', { class: 'number' }, String(index + 1)),
    h(
      'div',
      { class: 'head' },
      h(
        'span',
        {},
        h('span', { class: 'tone-way' }, words.from),
        ` ${words.protocol} `,
        h('b', {}, words.kind),
        waitChip(packet),
      ),
      outcomeNode(result),
    ),
    h('div', { class: 'tuple code' }, words.tuple),
    h('div', { class: 'why' }, ...wordNodes(why)),
    result && saved ? comparison(result.fate, saved.fate) : undefined,
  );
}

function waitChip({ wait }: ScenarioPacket): HTMLElement | undefined {
  return wait ? h('span', { class: 'chip wait' }, `+${wait} s`) : undefined;
}

function outcomeNode(result: Exchange['result'] | undefined): HTMLElement {
  if (result === undefined) return h('span', { class: 'outcome tone-quiet' }, '…');
  const { sign, word, tone } = outcomeOf(result.fate);
  return h('span', { class: `outcome tone-${tone}` }, `${sign} ${word}`);
}

/** What an edit that is not saved yet has changed. */
function comparison(now: Fate, saved: Fate): HTMLElement | undefined {
  const [before, after] = [outcomeOf(saved), outcomeOf(now)];
  if (before.sign === after.sign && before.word === after.word) return undefined;
  return h('div', { class: 'why tone-why' }, `was ${before.sign} ${before.word} in the saved file`);
}
