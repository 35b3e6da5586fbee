/**
 * Where the boxes of the map stand. The places at each hook and their order come from the one table of hooks
 * (netfilter/hook.ts); here is only geometry, in CSS pixels. Two layouts share one shape: wide, netfilter's well-known
 * picture from left to right, and narrow, the same from top to bottom.
 */
import { type Hook, hookEntries } from '../../../src-sim/netfilter/hook';
import type { NodeName, PlaceName } from './way';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlaceBox {
  readonly place: PlaceName;
  readonly rect: Rect;
}

export interface HookBox {
  readonly hook: Hook;
  readonly rect: Rect;
  /** Empty where the hook is folded. */
  readonly places: readonly PlaceBox[];
  /** Where the way enters and leaves: between the two it runs behind the places. */
  readonly from: Point;
  readonly to: Point;
}

export interface Wire {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly points: readonly Point[];
}

export interface MapLayout {
  readonly kind: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly hooks: readonly HookBox[];
  /** Bounding box of the diamond. */
  readonly routing: Rect;
  readonly process: Rect;
  readonly in: Point;
  readonly out: Point;
  readonly wires: readonly Wire[];
}

export interface MapContent {
  /** What has rules or is active on this host: drawn wide enough for two lines. */
  readonly present: ReadonlySet<PlaceName>;
  /** The hooks that the way leads through: some, or in the narrow layout all others are folded. */
  readonly passed: ReadonlySet<Hook>;
  /** Room for the name of an interface at either end. */
  readonly nameWidth: number;
}

/** The places at a hook, in the order in which they run; those that only some hosts have are left out elsewhere. */
export function placesAt(hook: Hook, present: ReadonlySet<PlaceName>): readonly PlaceName[] {
  return PLACES_AT[hook].filter((place) => !RARE.has(place) || present.has(place));
}

const RARE: ReadonlySet<PlaceName> = new Set<PlaceName>(['defragmentation', 'ipvs']);

const PLACES_AT: Readonly<Record<Hook, readonly PlaceName[]>> = {
  PREROUTING: placesOf('PREROUTING'),
  INPUT: placesOf('INPUT'),
  FORWARD: placesOf('FORWARD'),
  OUTPUT: placesOf('OUTPUT'),
  POSTROUTING: placesOf('POSTROUTING'),
};

function placesOf(hook: Hook): readonly PlaceName[] {
  const places = hookEntries(hook).map(({ run }): PlaceName => {
    if (run.kind === 'table') return run.table;
    const isIpvs = run.kind === 'ipvs-in' || run.kind === 'ipvs-error' || run.kind === 'ipvs-out';
    return isIpvs ? 'ipvs' : run.kind;
  });
  return [...new Set(places)];
}

export function center(rect: Rect): Point {
  return { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

export const right = (rect: Rect): number => rect.x + rect.width;
export const bottom = (rect: Rect): number => rect.y + rect.height;
