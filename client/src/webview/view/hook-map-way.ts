/** The lines of the map: the idle wires, the packet's way over them, and the place where it ends. */
import type { Hook } from '../../../../src-sim/netfilter/hook';
import { center, type MapLayout, type Point, right, type Wire } from '../map-layout';
import type { NodeName, PlaceName, Way } from '../way';
import { svg } from './element';

const CORNER = 7;

/** The wires that the way does not run over. */
export function idleWires(layout: MapLayout, way: Way | undefined): readonly SVGElement[] {
  const used = (wire: Wire): boolean =>
    way?.nodes.some((to, at) => wire.to === to && wire.from === way.nodes[at - 1]) ?? false;
  return layout.wires.filter((wire) => !used(wire)).map((wire) => polyline(wire.points, 'wire', 'arrow-idle'));
}

function polyline(points: readonly Point[], className: string, arrow?: string): SVGElement {
  return svg('path', { d: roundedPath(points), class: className, 'marker-end': arrow && `url(#${arrow})` });
}

/** Wires between the nodes that the way passed, and the lines through the hooks. */
export function wayLines(layout: MapLayout, way: Way): readonly SVGElement[] {
  const between = way.nodes.flatMap((to, index) => {
    const from = way.nodes[index - 1];
    const wire = layout.wires.find((candidate) => candidate.from === from && candidate.to === to);
    return wire ? [polyline(wire.points, 'way', to === 'out' ? 'arrow-way' : undefined)] : [];
  });
  const through = way.passages.map(({ hook }, index) =>
    throughHook(layout, hook, index === way.passages.length - 1 ? way : undefined),
  );
  return [...through.filter((line) => line !== undefined), ...between];
}

/** @param ending the way, where this hook is its last and it may stop inside */
function throughHook(layout: MapLayout, hook: Hook, ending: Way | undefined): SVGElement | undefined {
  const box = layout.hooks.find((candidate) => candidate.hook === hook);
  if (box === undefined) return undefined;
  const stop = ending?.end.place && stopPoint(layout, hook, ending.end.place);
  return polyline([box.from, stop ?? box.to], 'way inside');
}

/** Where a way ends that ends at a place: at its far side. */
function stopPoint(layout: MapLayout, hook: Hook, place: PlaceName): Point | undefined {
  const box = layout.hooks.find((candidate) => candidate.hook === hook);
  const rect = box?.places.find((candidate) => candidate.place === place)?.rect;
  if (box === undefined || rect === undefined) return undefined;
  return layout.kind === 'wide' ? { x: right(rect), y: box.from.y } : { x: box.from.x, y: center(rect).y };
}

/** In the narrow layout the way runs beside the places: a dot for each that it crossed. */
export function stations(layout: MapLayout, way: Way): readonly SVGElement[] {
  if (layout.kind === 'wide') return [];
  return way.passages.flatMap(({ hook, crossings }) => {
    const box = layout.hooks.find((candidate) => candidate.hook === hook);
    return crossings.flatMap(({ place, tone }) => {
      const rect = box?.places.find((candidate) => candidate.place === place)?.rect;
      return rect && box
        ? [svg('circle', { cx: box.from.x, cy: center(rect).y, r: 4, class: `station frame-${tone}` })]
        : [];
    });
  });
}

/** A ✕ where the packet was dropped, a ring where it stands while it is stepped. */
export function crossMark(layout: MapLayout, way: Way): SVGElement | undefined {
  const { kind, place } = way.end;
  if (kind === 'sent' || kind === 'delivered') return undefined;
  const hook = way.passages.at(-1)?.hook;
  const at = (place && hook && stopPoint(layout, hook, place)) ?? nodePoint(layout, way.nodes.at(-1));
  if (at === undefined) return undefined;
  if (kind === 'walking') return svg('circle', { cx: at.x, cy: at.y, r: 6, class: 'here' });
  const arm = 3.6;
  const stroke = (x: number): string => `M${at.x - x} ${at.y - arm} ${at.x + x} ${at.y + arm}`;
  const cross = stroke(arm) + stroke(-arm);
  return svg(
    'g',
    { class: `end end-${kind}`, role: 'img', 'aria-label': kind },
    svg('circle', { cx: at.x, cy: at.y, r: 8 }),
    svg('path', { d: cross }),
  );
}

/** Where a way stops that ends between the hooks. */
function nodePoint(layout: MapLayout, node: NodeName | undefined): Point | undefined {
  switch (node) {
    case undefined:
      return undefined;
    case 'in':
      return layout.in;
    case 'out':
      return layout.out;
    case 'routing':
      return center(layout.routing);
    case 'process':
      return center(layout.process);
    default:
      return layout.hooks.find((box) => box.hook === node)?.to;
  }
}

/** Straight lines with rounded corners. */
function roundedPath(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const start = towards(point, before);
      const end = towards(point, after);
      return `L${start.x} ${start.y}Q${point.x} ${point.y} ${end.x} ${end.y}`;
    })
    .join('');
}

function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const step = Math.min(CORNER, length / 2) / length;
  return { x: from.x + (to.x - from.x) * step, y: from.y + (to.y - from.y) * step };
}
