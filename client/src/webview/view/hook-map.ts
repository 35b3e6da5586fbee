/** The map of the hooks with the selected packet's way drawn on it. */

import type { SimulateAnswer } from '../../../../server/src/lsp/protocol';
import type { Hook } from '../../../../src-sim/netfilter/hook';
import { bridgeLevel } from '../bridge-level';
import { center, type HookBox, type MapContent, type MapLayout, type PlaceBox, placesAt } from '../map-layout';
import { narrowLayout } from '../map-layout-narrow';
import { wideLayout } from '../map-layout-wide';
import { mapSentence, presentPlaces, waySummary } from '../map-words';
import { type PanelState, selectedExchange, shownPassage } from '../state';
import { plain, type Words } from '../tone';
import { type Crossing, type Passage, type Way, wayOf } from '../way';
import { bridgeLevelNodes } from './bridge-level';
import { h, svg, whenChanged, wordNodes } from './element';
import { crossMark, idleWires, stations, wayLines } from './hook-map-way';
import { fitText, textWidth } from './text-width';
import type { Dispatch, View } from './view';

export function createHookMap(dispatch: Dispatch): View {
  const picture = h('div', { class: 'picture' });
  const summary = h('p', { class: 'way-summary' });
  const bridge = h('div', { class: 'bridge-level', hidden: true });
  const element = h('section', { class: 'map', 'aria-label': "The packet's way" }, summary, bridge, picture);
  let width = 0;
  let current: PanelState | undefined;
  const draw = whenChanged<PanelState>(
    ({ answer, settled, cursor }) => [answer, settled, cursor, width],
    (state) => {
      drawMap(state, width, picture, summary, dispatch);
      drawBridge(state, bridge, dispatch);
    },
  );
  new ResizeObserver(([entry]) => {
    width = Math.floor(entry?.contentRect.width ?? 0);
    if (current) draw(current);
  }).observe(picture);
  return {
    element,
    update(state) {
      current = state;
      draw(state);
    },
  };
}

function drawMap(
  state: PanelState,
  width: number,
  picture: HTMLElement,
  summary: HTMLElement,
  dispatch: Dispatch,
): void {
  if (width === 0) return;
  const way = currentWay(state);
  summary.replaceChildren(...wordNodes(waySummary(state, way)));
  const content = mapContent(state.answer, way);
  const layout = wideLayout(width, content) ?? narrowLayout(width, content);
  const select = (step: number): void => {
    const { caused } = state.cursor;
    dispatch({ kind: 'select-step', step, ...(caused === undefined ? {} : { caused }) });
  };
  picture.replaceChildren(mapNode({ layout, way, content, selected: state.cursor.step, select }));
}

function drawBridge(state: PanelState, element: HTMLElement, dispatch: Dispatch): void {
  const { caused, walking, step: at } = state.cursor;
  const steps = shownPassage(state)?.steps ?? [];
  const level = bridgeLevel(walking ? steps.slice(0, at + 1) : steps);
  const select = (step: number): void => {
    dispatch({ kind: 'select-step', step, ...(caused === undefined ? {} : { caused }) });
  };
  element.hidden = level === undefined;
  element.replaceChildren(...(level ? bridgeLevelNodes(level, select) : []));
}

export function currentWay(state: PanelState): Way | undefined {
  const passage = shownPassage(state);
  if (passage === undefined) return undefined;
  const ofItself = state.cursor.caused === undefined;
  return wayOf({
    steps: passage.steps,
    fate: passage.fate,
    outline: state.answer?.outline ?? [],
    inDevice: ofItself ? selectedExchange(state)?.packet.in : undefined,
    until: state.cursor.walking ? state.cursor.step : undefined,
  });
}

function mapContent(answer: SimulateAnswer | undefined, way: Way | undefined): MapContent {
  const crossed = way?.passages.flatMap(({ crossings }) => crossings.map(({ place }) => place)) ?? [];
  const passed = new Set(way?.passages.map(({ hook }) => hook));
  const names = Object.keys(answer?.host.interfaces ?? {}).map((name) => textWidth(name, 'device'));
  return { present: new Set([...presentPlaces(answer), ...crossed]), passed, nameWidth: Math.max(0, ...names) };
}

interface Picture {
  readonly layout: MapLayout;
  readonly way: Way | undefined;
  readonly content: MapContent;
  /** The selected step. */
  readonly selected: number;
  readonly select: (step: number) => void;
}

function mapNode(picture: Picture): SVGElement {
  const { layout, way } = picture;
  const { width, height } = layout;
  return svg(
    'svg',
    {
      class: `hook-map ${layout.kind}`,
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'group',
      'aria-label': mapSentence(way),
    },
    arrowHeads(),
    ...layout.hooks.map((box) => hookFrame(box, picture)),
    ...idleWires(layout, way),
    ...(way ? wayLines(layout, way) : []),
    routingNode(picture),
    processNode(picture),
    ...layout.hooks.flatMap((box) => box.places.map((place) => placeNode(box, place, picture))),
    ...(way ? stations(layout, way) : []),
    ...deviceLabels(picture),
    way ? crossMark(layout, way) : undefined,
  );
}

function arrowHeads(): SVGElement {
  const marker = (id: string, size: number): SVGElement =>
    svg(
      'marker',
      {
        id,
        viewBox: '0 0 8 8',
        refX: 7,
        refY: 4,
        markerWidth: size,
        markerHeight: size,
        orient: 'auto',
        markerUnits: 'userSpaceOnUse',
      },
      svg('path', { d: 'M0 0 8 4 0 8z', class: id }),
    );
  return svg('defs', {}, marker('arrow-idle', 8), marker('arrow-way', 13));
}

function passageOf(hook: Hook, way: Way | undefined): Passage | undefined {
  return way?.passages.findLast((passage) => passage.hook === hook);
}

/** In the narrow layout the way runs down the left side of each hook: words stand right of it. */
const NARROW_INDENT = 32;

function hookFrame({ hook, rect, places }: HookBox, { way, content, layout }: Picture): SVGElement {
  const passed = passageOf(hook, way) !== undefined;
  const folded = places.length === 0;
  const title = svg(
    'text',
    {
      class: 'hook-title',
      x: rect.x + (layout.kind === 'wide' ? 10 : NARROW_INDENT),
      y: rect.y + (folded && layout.kind === 'wide' ? 19 : 18),
    },
    hook,
  );
  const inside = folded ? foldedWords(hook, content) : undefined;
  const at =
    layout.kind === 'wide'
      ? { x: rect.x + 10, y: rect.y + 36 }
      : { x: rect.x + NARROW_INDENT + textWidth(hook, 'device') + 10, y: rect.y + 18 };
  return svg(
    'g',
    { class: `hook-box ${passed ? 'passed' : 'idle'}`, 'data-hook': hook, 'data-passed': String(passed) },
    svg('rect', { ...rect, rx: 6, class: 'frame' }),
    title,
    inside && svg('text', { ...at, class: 'small' }, fitText(inside, rect.x + rect.width - 8 - at.x, 'small')),
  );
}

/** The tables that the ruleset has there; all of them where it has none. */
function foldedWords(hook: Hook, { present }: MapContent): string {
  const tables = placesAt(hook, present).filter(
    (place) => !['conntrack', 'confirm', 'defragmentation', 'ipvs'].includes(place),
  );
  const there = tables.filter((place) => present.has(place));
  return (there.length > 0 ? there : tables).join(' · ');
}

function placeNode({ hook }: HookBox, box: PlaceBox, picture: Picture): SVGElement {
  const { place, rect } = box;
  const { way, content, layout, selected, select } = picture;
  const crossing = passageOf(hook, way)?.crossings.find((candidate) => candidate.place === place);
  const present = content.present.has(place);
  const frame = svg('rect', { ...rect, rx: 4, class: 'frame' });
  const data = { 'data-place': `${hook}/${place}`, 'data-crossed': String(crossing !== undefined) };
  if (crossing === undefined) {
    const at =
      layout.kind === 'wide' ? { ...center(rect), 'text-anchor': 'middle' } : { x: rect.x + 8, y: center(rect).y };
    const label = svg('text', { ...at, class: 'label', dy: '0.35em' }, place);
    return svg('g', { ...data, class: `place ${present ? 'present' : 'absent'}` }, frame, label);
  }
  const said = `${place} at ${hook}: ${crossing.lines.map(plain).join(', ')}`;
  const onkeydown = ({ key }: KeyboardEvent): void => {
    if (key === 'Enter' || key === ' ') select(crossing.step);
  };
  return svg(
    'g',
    {
      ...data,
      class: `place crossed frame-${crossing.tone} ${crossing.step === selected ? 'selected' : ''}`,
      role: 'button',
      tabindex: 0,
      'aria-label': said,
      onclick: () => select(crossing.step),
      onkeydown,
    },
    svg('title', {}, said),
    frame,
    ...(layout.kind === 'wide' ? stackedText(box, crossing) : rowText(box, crossing)),
  );
}

function nameClass({ tone }: Crossing): string {
  return tone === 'conntrack' || tone === 'rewritten' ? `place-name tone-${tone}` : 'place-name';
}

function stackedText({ place, rect }: PlaceBox, crossing: Crossing): readonly SVGElement[] {
  const room = rect.width - 12;
  return [
    svg('text', { x: rect.x + 7, y: rect.y + 17, class: nameClass(crossing) }, place),
    ...crossing.lines.map((line, index) =>
      svg('text', { x: rect.x + 7, y: rect.y + 32 + 13 * index, class: 'small' }, ...wordSpans(line, room)),
    ),
  ];
}

function rowText({ place, rect }: PlaceBox, crossing: Crossing): readonly SVGElement[] {
  const y = rect.y + rect.height / 2;
  const from = rect.x + 78;
  const line = crossing.lines.flatMap((words, index) => (index === 0 ? words : [' · ', ...words]));
  return [
    svg('text', { x: rect.x + 8, y, dy: '0.35em', class: nameClass(crossing) }, place),
    svg('text', { x: from, y, dy: '0.35em', class: 'small' }, ...wordSpans(line, rect.x + rect.width - 6 - from)),
  ];
}

/** Words as SVG text, cut where there is no more room. */
function wordSpans(words: Words, room: number): readonly SVGElement[] {
  const whole = fitText(plain(words), room, 'small');
  let left = whole.length;
  return words.flatMap((piece) => {
    const text = typeof piece === 'string' ? piece : piece.text;
    const shown =
      whole.length < plain(words).length && text.length >= left ? `${text.slice(0, Math.max(0, left - 1))}…` : text;
    const fits = left > 0;
    left -= text.length;
    return fits ? [svg('tspan', { class: typeof piece === 'string' ? undefined : `tone-${piece.tone}` }, shown)] : [];
  });
}

function routingNode({ layout, way }: Picture): SVGElement {
  const { x, y, width, height } = layout.routing;
  const passed = way?.nodes.includes('routing') ?? false;
  const middle = center(layout.routing);
  const diamond = svg('path', {
    d: `M${middle.x} ${y} ${x + width} ${middle.y} ${middle.x} ${y + height} ${x} ${middle.y}z`,
    class: 'frame',
  });
  const via = passed ? (way?.routing ?? '') : '';
  const texts =
    layout.kind === 'wide'
      ? [
          svg(
            'text',
            { x: middle.x, y: middle.y, dy: '0.35em', 'text-anchor': 'middle', class: 'small strong' },
            'routing',
          ),
          svg('text', { x: middle.x, y: y + height + 15, 'text-anchor': 'middle', class: 'small' }, via),
        ]
      : [svg('text', { x: x + width + 8, y: middle.y - 5, class: 'small' }, via === '' ? 'routing' : `routing ${via}`)];
  return svg('g', { class: `routing ${passed ? 'passed' : 'idle'}`, 'data-passed': String(passed) }, diamond, ...texts);
}

function processNode({ layout, way }: Picture): SVGElement {
  const { process } = layout;
  const passed = way?.nodes.includes('process') ?? false;
  const byIpvs = way?.passages.some(({ crossings }) => crossings.some(({ place }) => place === 'ipvs')) ?? false;
  return svg(
    'g',
    { class: `process ${passed ? 'passed' : 'idle'}`, 'data-passed': String(passed) },
    svg('rect', { ...process, rx: process.height / 2, class: 'frame' }),
    svg(
      'text',
      { ...center(process), 'text-anchor': 'middle', dy: '0.35em', class: 'small strong' },
      byIpvs ? 'IPVS' : 'local process',
    ),
  );
}

function deviceLabels({ layout, way }: Picture): readonly SVGElement[] {
  const wide = layout.kind === 'wide';
  const lift = wide ? { dx: 0, dy: -9 } : { dx: 9, dy: 10 };
  const labels = [
    { at: layout.in, text: way?.nodes.includes('in') ? (way.inDevice ?? 'lo') : '', anchor: 'start', dy: lift.dy },
    {
      at: layout.out,
      text: way?.nodes.includes('out') ? (way.outDevice ?? '') : '',
      anchor: wide ? 'end' : 'start',
      dy: wide ? lift.dy : -4,
    },
  ];
  return labels.map(({ at, text, anchor, dy }) =>
    svg('text', { x: at.x + lift.dx, y: at.y + dy, 'text-anchor': anchor, class: 'device' }, text),
  );
}
