/** The panel's icons, as paths in a square of 16: no font, nothing to load. */
import { h, svg } from './element';

// biome-ignore format: a table, aligned
const PATHS = {
  first:     'M3 3h1.6v10H3zM13 3v10L5.8 8z',
  back:      'M11.5 3v10L4 8z',
  play:      'M4 2.5v11L13 8z',
  pause:     'M4 3h3v10H4zM9 3h3v10H9z',
  forward:   'M4.5 3v10L12 8z',
  last:      'M11.4 3H13v10h-1.6zM3 3v10l7.2-5z',
  up:        'M8 3.2 13 8.4l-1.1 1.1-3.1-3.2V13H7.2V6.3L4.1 9.5 3 8.4z',
  down:      'M8 12.8 3 7.6l1.1-1.1 3.1 3.2V3h1.6v6.7l3.1-3.2L13 7.6z',
  edit:      'M11.3 2 14 4.7 5.6 13.1 2 14l.9-3.6zM10 5.1l.9.9 1.2-1.3-.8-.8zM9.1 6 4.2 10.9l-.3 1.2 1.2-.3L10 6.9z',
  duplicate: 'M5 2h8v9h-1.4V3.4H5zM3 5h7v9H3zm1.4 1.4v6.2h4.2V6.4z',
  delete:    'm4.1 3 3.9 3.9L11.9 3 13 4.1 9.1 8l3.9 3.9-1.1 1.1L8 9.1 4.1 13 3 11.9 6.9 8 3 4.1z',
  copy:      'M5 2h8v9h-1.4V3.4H5zM3 5h7v9H3zm1.4 1.4v6.2h4.2V6.4z',
  add:       'M7.3 3h1.4v4.3H13v1.4H8.7V13H7.3V8.7H3V7.3h4.3z',
  fields:    'M2 3h12v1.4H2zm0 4.3h12v1.4H2zm0 4.3h12V13H2z',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGElement {
  const path = svg('path', { d: PATHS[name], fill: 'currentColor', 'fill-rule': 'evenodd' });
  return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' }, path);
}

/** A button with an icon only: `label` is its name and its tooltip. */
export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  extra: { readonly keys?: string } = {},
): HTMLButtonElement {
  const title = extra.keys ? `${label} (${extra.keys})` : label;
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title, onclick }, icon(name));
}
