/** The conntrack table after the selected packet: every entry, what the packet changed of it, the kernel's own line. */

import type { LineTuple } from '../../../../src-sim/conntrack/line';
import { conntrackChanges, type EntryChange } from '../conntrack-changes';
import { endpointText } from '../packet-words';
import { exchangesOf, type PanelState } from '../state';
import { h, whenChanged } from './element';
import { seconds } from './header';
import { iconButton } from './icons';
import type { View } from './view';

export function createConntrackTable(copy: (text: string) => void): View {
  const count = h('span', { class: 'aside' });
  const empty = h('p', { class: 'empty' }, 'Empty: conntrack knows no flow.');
  const list = h('div', { class: 'entries scroll', role: 'list', 'aria-label': 'Conntrack entries' });
  const draw = whenChanged<PanelState>(
    ({ answer, settled, cursor }) => [answer, settled, cursor.packet],
    (state) => {
      const results = exchangesOf(state).map(({ result }) => result);
      const changes = state.cursor.packet < results.length ? conntrackChanges(results, state.cursor.packet) : [];
      const there = changes.filter(({ kind }) => kind !== 'expired' && kind !== 'destroyed').length;
      count.textContent = ` · ${there} ${there === 1 ? 'entry' : 'entries'}`;
      list.replaceChildren(...ordered(changes).map((change) => entryNode(change, copy)));
      empty.hidden = changes.length > 0;
      list.hidden = changes.length === 0;
    },
  );
  return {
    element: h(
      'section',
      { class: 'conntrack', 'aria-label': 'Conntrack table' },
      h('h2', {}, 'Conntrack table', count),
      list,
      empty,
    ),
    update: draw,
  };
}

const ORDER: readonly EntryChange['kind'][] = ['created', 'changed', 'destroyed', 'expired', 'unchanged'];

/** What the packet did first. */
function ordered(changes: readonly EntryChange[]): readonly EntryChange[] {
  return changes.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

const KIND_WORDS: Readonly<Record<EntryChange['kind'], string>> = {
  created: '+ new',
  changed: '~ changed',
  unchanged: '',
  expired: '− expired',
  destroyed: '− deleted',
};

function entryNode(change: EntryChange, copy: (text: string) => void): HTMLElement {
  const { line, kind } = change;
  return h(
    'div',
    { class: 'entry code', role: 'listitem', 'data-change': kind, 'data-entry': change.key },
    h('span', { class: 'protocol' }, line.protocol),
    h('span', { class: 'now' }, h('span', {}, ...stateNodes(change)), h('span', {}, ...timerNodes(change))),
    h(
      'span',
      { class: `kind tone-${kind === 'created' ? 'accepted' : kind === 'changed' ? 'way' : 'dropped'}` },
      KIND_WORDS[kind],
    ),
    ...tupleNodes('original', line.original, undefined),
    ...tupleNodes('reply', line.reply, line.original),
    ...flagNodes(change),
    h(
      'div',
      { class: 'raw' },
      h('span', { class: 'line' }, line.text),
      iconButton('copy', 'Copy line', () => copy(line.text)),
    ),
  );
}

function stateNodes({ line, stateBefore }: EntryChange): readonly Node[] {
  const state = h('span', { class: 'tone-conntrack' }, line.state ?? '');
  if (stateBefore === undefined) return [state];
  return [h('s', { class: 'was' }, stateBefore), document.createTextNode(' → '), state];
}

function timerNodes({ line, left, timeoutBefore, kind }: EntryChange): readonly Node[] {
  if (line.timeout === undefined || kind === 'expired' || kind === 'destroyed') return [];
  const bar = h('span', { class: 'bar', 'aria-hidden': 'true' }, h('span', {}));
  bar.style.setProperty('--left', `${Math.round(left * 100)}%`);
  const was = timeoutBefore === undefined ? [] : [h('span', { class: 'was' }, ` was ${seconds(timeoutBefore)}`)];
  return [bar, document.createTextNode(` ${line.timeout} s`), ...was];
}

function tupleNodes(name: string, tuple: LineTuple, original: LineTuple | undefined): readonly Node[] {
  const rewritten = (here: string, there: string | undefined): string | undefined =>
    original !== undefined && here !== there ? 'tone-rewritten' : undefined;
  const icmp = tuple.icmp && ` type=${tuple.icmp.type} code=${tuple.icmp.code} id=${tuple.icmp.id}`;
  const from = endpointText(tuple.src, tuple.sport);
  const to = endpointText(tuple.dst, tuple.dport);
  return [
    h('span', { class: 'label' }, name),
    h(
      'span',
      { class: 'value' },
      h('span', { class: rewritten(from, original && endpointText(original.dst, original.dport)) }, from),
      ' ▸ ',
      h('span', { class: rewritten(to, original && endpointText(original.src, original.sport)) }, to),
      icmp,
    ),
  ];
}

/** Flags and the words behind the tuples: lost struck out, gained marked. */
function flagNodes({ line, flagsGained, flagsLost, restChanged }: EntryChange): readonly Node[] {
  const flags = line.flags.map((flag) => h('span', { class: flagsGained.includes(flag) ? 'gained' : 'flag' }, flag));
  const lost = flagsLost.map((flag) => h('s', { class: 'lost' }, flag));
  const rest = line.rest
    .filter(([key]) => key !== 'use')
    .map(([key, value]) => h('span', { class: restChanged.includes(key) ? 'gained' : 'rest' }, `${key}=${value}`));
  return [h('span', { class: 'label' }, 'status'), h('span', { class: 'value flags' }, ...lost, ...flags, ...rest)];
}
