/** The bridge level above the map: unfolded where a bridge carries the selected packet. */
import { isBridgeHook } from '../../../../src-sim/netfilter/hook';
import { type BridgeLevel, type BridgeStop, bridgeHookWords } from '../bridge-level';
import { h, wordNodes } from './element';

/** @param select shows a step of the packet's */
export function bridgeLevelNodes({ stops, said }: BridgeLevel, select: (step: number) => void): readonly Node[] {
  return [
    h('span', { class: 'level-name' }, 'bridge'),
    ...stops.flatMap((stop, at) => [...(at === 0 ? [] : [document.createTextNode(' ▸ ')]), stopNode(stop, select)]),
    ...said.map(({ text, step }) => button('said', text, step, select)),
  ];
}

function stopNode({ hook, tables }: BridgeStop, select: (step: number) => void): HTMLElement {
  const title = isBridgeHook(hook) ? bridgeHookWords(hook) : undefined;
  return h(
    'span',
    { class: 'bridge-hook', title },
    h('span', { class: 'hook-title' }, hook),
    ...tables.map(({ table, words, step }) => {
      const node = button('bridge-table', `${table} `, step, select);
      node.append(...wordNodes(words));
      return node;
    }),
  );
}

function button(name: string, text: string, step: number, select: (step: number) => void): HTMLElement {
  return h('button', { class: name, type: 'button', 'data-step': step, onclick: () => select(step) }, text);
}
