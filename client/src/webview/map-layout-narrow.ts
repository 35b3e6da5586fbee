/**
 * The narrow layout: from top to bottom like a line of stations, one place a row, so that each has room for a sentence.
 * This host's own processes stand in a second column beside the way to other hosts.
 */
import type { Hook } from '../../../src-sim/netfilter/hook';
import {
  bottom,
  center,
  type HookBox,
  type MapContent,
  type MapLayout,
  type PlaceBox,
  type Point,
  placesAt,
  type Rect,
  right,
  type Wire,
} from './map-layout';
import type { PlaceName } from './way';

/** Where the way runs, measured from the left side of a column: left of the places, through their stations. */
const RAIL = 17;
const PLACES = 32;
const TITLE = 25;
const PADDING = 7;
const GAP = 3;
const ROW_PRESENT = 24;
const ROW_ABSENT = 15;
const FOLDED_HEIGHT = 27;
const SMALL_DIAMOND = 24;
const PROCESS_HEIGHT = 26;
const GUTTER = 22;
/** The column that the way leads through gets more room. */
const WIDE_SHARE = 0.62;
const SPACE = 15;
const END = 26;

/** A taller picture leaves out what is absent. */
const TALLEST = 580;

export function narrowLayout(width: number, content: MapContent): MapLayout {
  const all = layout(width, content, (hook) => rowsOf(hook, content));
  if (all.height <= TALLEST) return all;
  return layout(width, content, (hook) => rowsOf(hook, content).filter(({ place }) => content.present.has(place)));
}

interface Row {
  readonly place: PlaceName;
  readonly height: number;
}

type Rows = (hook: Hook) => readonly Row[];

/** Where the way does not lead the hook is folded. */
function rowsOf(hook: Hook, { passed, present }: MapContent): readonly Row[] {
  if (!passed.has(hook)) return [];
  return placesAt(hook, present).map((place) => ({ place, height: present.has(place) ? ROW_PRESENT : ROW_ABSENT }));
}

function layout(width: number, content: MapContent, rows: Rows): MapLayout {
  const isLocal = content.passed.has('INPUT') || content.passed.has('OUTPUT');
  const column = Math.floor((width - GUTTER) * (isLocal ? 1 - WIDE_SHARE : WIDE_SHARE));
  const second = column + GUTTER;
  const prerouting = hookBox('PREROUTING', { x: 1, y: END, width: width - 2 }, rows);
  const routing = {
    x: 1 + RAIL - SMALL_DIAMOND / 2,
    y: bottom(prerouting.rect) + SPACE,
    width: SMALL_DIAMOND,
    height: SMALL_DIAMOND,
  };
  const row = bottom(routing) + SPACE;
  const forward = hookBox('FORWARD', { x: 1, y: row, width: column }, rows);
  const local = localColumn({ x: second, y: row, width: width - second - 1 }, rows);
  const end = Math.max(bottom(forward.rect), bottom(local.output.rect)) + SPACE + 6;
  const postrouting = hookBox('POSTROUTING', { x: 1, y: end, width: width - 2 }, rows);
  const out = { x: postrouting.to.x, y: bottom(postrouting.rect) + END };
  const boxes = { prerouting, forward, postrouting, ...local };
  return {
    kind: 'narrow',
    width,
    height: out.y + 2,
    hooks: [prerouting, forward, local.input, local.output, postrouting],
    routing,
    process: local.process,
    in: { x: prerouting.from.x, y: 2 },
    out,
    wires: wires(routing, boxes, out),
  };
}

function localColumn(at: Omit<Rect, 'height'>, rows: Rows) {
  const input = hookBox('INPUT', at, rows);
  const process = { ...at, y: bottom(input.rect) + SPACE, height: PROCESS_HEIGHT };
  const output = hookBox('OUTPUT', { ...at, y: bottom(process) + SPACE }, rows);
  return { input, process, output };
}

function hookBox(hook: Hook, at: Omit<Rect, 'height'>, rows: Rows): HookBox {
  const places: PlaceBox[] = [];
  let next = at.y + TITLE;
  for (const { place, height } of rows(hook)) {
    places.push({ place, rect: { x: at.x + PLACES, y: next, width: at.width - PLACES - PADDING, height } });
    next += height + GAP;
  }
  const height = places.length === 0 ? FOLDED_HEIGHT : next - at.y - GAP + PADDING;
  const x = at.x + RAIL;
  return { hook, rect: { ...at, height }, places, from: { x, y: at.y }, to: { x, y: at.y + height } };
}

interface Boxes {
  readonly prerouting: HookBox;
  readonly input: HookBox;
  readonly forward: HookBox;
  readonly output: HookBox;
  readonly postrouting: HookBox;
  readonly process: Rect;
}

function wires(routing: Rect, boxes: Boxes, out: Point): readonly Wire[] {
  const { prerouting, input, forward, output, postrouting, process } = boxes;
  const { x, y } = center(routing);
  const local = input.from.x;
  const lane = postrouting.rect.y - SPACE / 2 - 3;
  return [
    { from: 'in', to: 'PREROUTING', points: [{ x, y: 2 }, prerouting.from] },
    { from: 'PREROUTING', to: 'routing', points: [prerouting.to, { x, y: routing.y }] },
    { from: 'routing', to: 'FORWARD', points: [{ x, y: bottom(routing) }, forward.from] },
    { from: 'routing', to: 'INPUT', points: [{ x: right(routing), y }, { x: local, y }, input.from] },
    { from: 'INPUT', to: 'process', points: [input.to, { x: local, y: process.y }] },
    { from: 'process', to: 'OUTPUT', points: [{ x: local, y: bottom(process) }, output.from] },
    { from: 'FORWARD', to: 'POSTROUTING', points: [forward.to, postrouting.from] },
    {
      from: 'OUTPUT',
      to: 'POSTROUTING',
      points: [output.to, { x: local, y: lane }, { x, y: lane }, postrouting.from],
    },
    { from: 'POSTROUTING', to: 'out', points: [postrouting.to, out] },
  ];
}
