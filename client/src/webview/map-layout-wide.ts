/** The wide layout: the way to other hosts in the lower row, this host's own processes in the upper one. */
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

const PADDING = 7;
const LEAST_MARGIN = 38;
const GAP = 5;
const TITLE = 28;
const PLACE_HEIGHT = 52;
const HOOK_HEIGHT = TITLE + PLACE_HEIGHT + PADDING;
const FOLDED_HEIGHT = 46;
const DIAMOND: Readonly<Pick<Rect, 'width' | 'height'>> = { width: 62, height: 54 };
const PROCESS: Readonly<Pick<Rect, 'width' | 'height'>> = { width: 96, height: 34 };
/** Half a stroke must not be cut off. */
const TOP = 1;
const ROW_GAP = 30;
/** Room for the words under the diamond. */
const VIA_HEIGHT = 14;

// biome-ignore format: a table, aligned
const WIDTHS: Readonly<Record<PlaceName, { readonly absent: number; readonly present: number }>> = {
  defragmentation: { absent: 44, present: 60 },
  raw:             { absent: 32, present: 92 },
  conntrack:       { absent: 66, present: 90 },
  mangle:          { absent: 50, present: 92 },
  nat:             { absent: 32, present: 88 },
  filter:          { absent: 40, present: 104 },
  security:        { absent: 54, present: 92 },
  ipvs:            { absent: 36, present: 48 },
  confirm:         { absent: 54, present: 64 },
};

const FOLDED_WIDTH = 128;

/** Undefined where the picture does not fit. */
export function wideLayout(width: number, content: MapContent): MapLayout | undefined {
  const margin = Math.max(LEAST_MARGIN, content.nameWidth + 6);
  const sizes = {
    prerouting: hookWidth('PREROUTING', content),
    forward: hookWidth('FORWARD', content),
    postrouting: hookWidth('POSTROUTING', content),
  };
  const taken = sizes.prerouting + sizes.forward + sizes.postrouting + DIAMOND.width + 2 * margin;
  // Wires need a little room each: before and behind the diamond, and between the last two hooks.
  const spare = width - taken - 10 - 14 - 22;
  if (spare < 0 || leastUpperRow(content).total > upperRoom(width)) return undefined;
  const upper = upperHeight(content);
  const top = TOP + upper + ROW_GAP;
  const prerouting = hookBox('PREROUTING', margin, top, content);
  const routing = {
    x: right(prerouting.rect) + 10 + spare * 0.2,
    y: top + TITLE + PLACE_HEIGHT / 2 - DIAMOND.height / 2,
    ...DIAMOND,
  };
  const forward = hookBox('FORWARD', right(routing) + 14 + spare * 0.3, top, content);
  const postrouting = hookBox('POSTROUTING', width - margin - sizes.postrouting, top, content);
  const local = upperRow(width, right(routing), upper, content);
  const boxes = { prerouting, forward, postrouting, ...local };
  return {
    kind: 'wide',
    width,
    height: top + HOOK_HEIGHT + VIA_HEIGHT,
    hooks: [prerouting, local.input, forward, local.output, postrouting],
    routing,
    process: local.process,
    in: { x: 2, y: prerouting.from.y },
    out: { x: width - 2, y: postrouting.to.y },
    wires: wires(width, routing, boxes),
  };
}

function upperHeight(content: MapContent): number {
  return isFolded('INPUT', content) && isFolded('OUTPUT', content) ? FOLDED_HEIGHT : HOOK_HEIGHT;
}

/** The hooks of this host's own packets are folded until the way leads there. */
function isFolded(hook: Hook, { passed }: MapContent): boolean {
  return (hook === 'INPUT' || hook === 'OUTPUT') && !passed.has(hook);
}

function placeWidth(place: PlaceName, content: MapContent): number {
  return WIDTHS[place][content.present.has(place) ? 'present' : 'absent'];
}

function hookWidth(hook: Hook, content: MapContent, places = placesAt(hook, content.present)): number {
  if (isFolded(hook, content)) return FOLDED_WIDTH;
  return places.reduce((sum, place) => sum + placeWidth(place, content) + GAP, 2 * PADDING - GAP);
}

function hookBox(
  hook: Hook,
  x: number,
  y: number,
  content: MapContent,
  shown: readonly PlaceName[] = placesAt(hook, content.present),
): HookBox {
  const folded = isFolded(hook, content);
  const rect = { x, y, width: hookWidth(hook, content, shown), height: folded ? FOLDED_HEIGHT : HOOK_HEIGHT };
  const places: PlaceBox[] = [];
  let next = x + PADDING;
  for (const place of folded ? [] : shown) {
    const width = placeWidth(place, content);
    places.push({ place, rect: { x: next, y: y + TITLE, width, height: PLACE_HEIGHT } });
    next += width + GAP;
  }
  const line = folded ? y + FOLDED_HEIGHT / 2 : y + TITLE + PLACE_HEIGHT / 2;
  return { hook, rect, places, from: { x, y: line }, to: { x: right(rect), y: line } };
}

const UPPER_GAP = 24;
/** Room for the wires around the upper row. */
const UPPER_SIDE = { left: 16, right: 30 } as const;

function upperRoom(width: number): number {
  return width - UPPER_SIDE.left - UPPER_SIDE.right;
}

function leastUpperRow(content: MapContent) {
  return upperPlaces(content, (place) => content.present.has(place));
}

/** INPUT, the process and OUTPUT, from the diamond on; where they would not fit, moved left and without what is absent. */
function upperRow(width: number, from: number, height: number, content: MapContent) {
  const all = upperPlaces(content, () => true);
  const { input, output, total } = all.total <= upperRoom(width) ? all : leastUpperRow(content);
  const start = Math.max(UPPER_SIDE.left, Math.min(from + 4, width - UPPER_SIDE.right - total));
  const line = TOP + (height === FOLDED_HEIGHT ? FOLDED_HEIGHT / 2 : TITLE + PLACE_HEIGHT / 2);
  const y = (hook: Hook): number => (isFolded(hook, content) ? line - FOLDED_HEIGHT / 2 : TOP);
  const inputBox = hookBox('INPUT', start, y('INPUT'), content, input);
  const process = { x: right(inputBox.rect) + UPPER_GAP, y: line - PROCESS.height / 2, ...PROCESS };
  const outputBox = hookBox('OUTPUT', right(process) + UPPER_GAP, y('OUTPUT'), content, output);
  return { input: inputBox, process, output: outputBox };
}

function upperPlaces(content: MapContent, shown: (place: PlaceName) => boolean) {
  const input = placesAt('INPUT', content.present).filter(shown);
  const output = placesAt('OUTPUT', content.present).filter(shown);
  const widths = hookWidth('INPUT', content, input) + hookWidth('OUTPUT', content, output);
  return { input, output, total: widths + PROCESS.width + 2 * UPPER_GAP };
}

interface Boxes {
  readonly prerouting: HookBox;
  readonly input: HookBox;
  readonly forward: HookBox;
  readonly output: HookBox;
  readonly postrouting: HookBox;
  readonly process: Rect;
}

function wires(width: number, routing: Rect, boxes: Boxes): readonly Wire[] {
  const { prerouting, input, forward, output, postrouting, process } = boxes;
  const line = prerouting.from.y;
  const row = center(process).y;
  const straight = (x1: number, x2: number, y: number): readonly Point[] => [
    { x: x1, y },
    { x: x2, y },
  ];
  return [
    { from: 'in', to: 'PREROUTING', points: straight(2, prerouting.from.x, line) },
    { from: 'PREROUTING', to: 'routing', points: straight(prerouting.to.x, routing.x, line) },
    { from: 'routing', to: 'FORWARD', points: straight(right(routing), forward.from.x, line) },
    { from: 'FORWARD', to: 'POSTROUTING', points: straight(forward.to.x, postrouting.from.x, line) },
    { from: 'POSTROUTING', to: 'out', points: straight(postrouting.to.x, width - 2, line) },
    { from: 'routing', to: 'INPUT', points: toInput(routing, input) },
    { from: 'INPUT', to: 'process', points: straight(input.to.x, process.x, row) },
    { from: 'process', to: 'OUTPUT', points: straight(right(process), output.from.x, row) },
    { from: 'OUTPUT', to: 'POSTROUTING', points: toPostrouting(output, postrouting) },
  ];
}

/** Up from the diamond and into INPUT's left side, around it where INPUT was moved to the left. */
function toInput(routing: Rect, { from, rect }: HookBox): readonly Point[] {
  const x = center(routing).x;
  if (rect.x >= x + 12) return [{ x, y: routing.y }, { x, y: from.y }, from];
  const lane = bottom(rect) + ROW_GAP / 2;
  const side = rect.x - 12;
  return [{ x, y: routing.y }, { x, y: lane }, { x: side, y: lane }, { x: side, y: from.y }, from];
}

/** Right of OUTPUT, down, and into the wire to POSTROUTING's left side. */
function toPostrouting({ to, rect }: HookBox, { from, rect: target }: HookBox): readonly Point[] {
  const join = target.x - 11;
  const side = right(rect) + 14;
  if (side <= join) return [to, { x: join, y: to.y }, { x: join, y: from.y }, from];
  const lane = target.y - ROW_GAP / 2;
  return [to, { x: side, y: to.y }, { x: side, y: lane }, { x: join, y: lane }, { x: join, y: from.y }, from];
}
