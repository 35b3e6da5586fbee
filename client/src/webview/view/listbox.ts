/** A listbox by the ARIA practices: the list has the focus, arrow keys move the selection, which it names. */
import { h, setAttributes } from './element';

export interface ListboxEvents {
  select(key: string): void;
  /** A click, behind the selection that it makes. */
  click?(key: string): void;
  /** Enter or a double click. */
  activate(key: string): void;
  /** Another key; true where it was of use. */
  key?(event: KeyboardEvent, key: string): boolean;
}

export function createListbox(label: string, className: string, events: ListboxEvents): HTMLElement {
  const list = h('div', { role: 'listbox', tabindex: 0, 'aria-label': label, class: className });
  list.addEventListener('click', (event) => {
    const key = optionAt(event.target);
    if (key === undefined) return;
    events.select(key);
    events.click?.(key);
  });
  list.addEventListener('dblclick', (event) => {
    const key = optionAt(event.target);
    if (key !== undefined) events.activate(key);
  });
  list.addEventListener('keydown', (event) => {
    if (handleKey(list, event, events)) event.preventDefault();
  });
  return list;
}

/** An option of a listbox: `key` comes back in its events. */
export function optionAttributes(list: string, key: string | number, selected: boolean) {
  return { role: 'option', id: `${list}-${key}`, 'data-key': key, 'aria-selected': String(selected) };
}

/** Names the selected option, and brings it into sight where the list, or what it stands in, scrolls by itself. */
export function showSelected(list: HTMLElement, scroller: HTMLElement): void {
  const selected = list.querySelector('[role=option][aria-selected=true]');
  setAttributes(list, { 'aria-activedescendant': selected?.id });
  if (selected) scrollTo(scroller, selected);
}

/** Only the scroller itself moves: scrollIntoView would move the page too, and take the map out of sight. */
function scrollTo(scroller: HTMLElement, element: Element): void {
  const outer = scroller.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  scroller.scrollTop += Math.min(0, inner.top - outer.top) + Math.max(0, inner.bottom - outer.bottom);
  scroller.scrollLeft += Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
}

function optionAt(target: EventTarget | null): string | undefined {
  const option = target instanceof Element ? target.closest('[role=option]') : null;
  return option instanceof HTMLElement ? option.dataset.key : undefined;
}

function handleKey(list: HTMLElement, event: KeyboardEvent, events: ListboxEvents): boolean {
  const keys = [...list.querySelectorAll<HTMLElement>('[role=option]')].map((option) => option.dataset.key ?? '');
  const current = list.querySelector<HTMLElement>('[role=option][aria-selected=true]')?.dataset.key;
  if (current !== undefined && events.key?.(event, current)) return true;
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const next = nextKey(keys, current, event.key);
  if (next !== undefined) events.select(next);
  else if (event.key === 'Enter' && current !== undefined) events.activate(current);
  else return false;
  return true;
}

function nextKey(keys: readonly string[], current: string | undefined, pressed: string): string | undefined {
  const at = current === undefined ? -1 : keys.indexOf(current);
  switch (pressed) {
    case 'ArrowDown':
    case 'ArrowRight':
      return keys[Math.min(at + 1, keys.length - 1)];
    case 'ArrowUp':
    case 'ArrowLeft':
      return keys[Math.max(at - 1, 0)];
    case 'Home':
      return keys[0];
    case 'End':
      return keys.at(-1);
    default:
      return undefined;
  }
}
