/** The map of the hooks: what a packet's steps light up, and where the boxes stand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HookBox, type MapContent, type MapLayout, placesAt, type Rect } from '../client/src/webview/map-layout';
import { narrowLayout } from '../client/src/webview/map-layout-narrow';
import { wideLayout } from '../client/src/webview/map-layout-wide';
import { mapSentence } from '../client/src/webview/map-words';
import { selectedExchange } from '../client/src/webview/state';
import { plain } from '../client/src/webview/tone';
import { type PlaceName, type Way, wayOf } from '../client/src/webview/way';
import { HOOKS, type Hook } from '../src-sim/netfilter/hook';
import { HOST, ROUTER } from './panel-rulesets';
import { openPanel, type PanelSession } from './panel-session';

function wayOfSelected({ state }: PanelSession, until?: number): Way {
  const exchange = selectedExchange(state);
  if (exchange === undefined) throw new Error('nothing is selected');
  const { packet, result } = exchange;
  return wayOf({ ...result, outline: state.answer?.outline ?? [], inDevice: packet.in, until });
}

/** `PREROUTING conntrack [new entry / NEW]` */
function crossed({ passages }: Way): readonly string[] {
  return passages.flatMap(({ hook, crossings }) =>
    crossings.map(({ place, lines }) => `${hook} ${place} [${lines.map(plain).join(' / ')}]`),
  );
}

describe('the way', () => {
  test('through the router: what each place did, in two lines', () => {
    const panel = openPanel(ROUTER);
    panel.dispatch({ kind: 'select-packet', packet: 0 });
    const way = wayOfSelected(panel);
    expect(crossed(way)).toEqual([
      'PREROUTING conntrack [new entry / NEW]',
      'PREROUTING nat [rule 1 DNAT / destination]',
      'FORWARD filter [web:1 ACCEPT / of 3, policy DROP]',
      'POSTROUTING nat [policy ACCEPT / no rules]',
      'POSTROUTING confirm [confirmed]',
    ]);
    expect(way.nodes).toEqual(['in', 'PREROUTING', 'routing', 'FORWARD', 'POSTROUTING', 'out']);
    expect(way).toMatchObject({ routing: 'via eth1', inDevice: 'eth0', outDevice: 'eth1' });
    expect(mapSentence(way)).toBe("The packet's way: eth0, PREROUTING, routing, FORWARD, POSTROUTING, eth1");
  });

  test('a dropped packet ends at the table that dropped it', () => {
    const panel = openPanel(HOST);
    panel.add('in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:23 S');
    const way = wayOfSelected(panel);
    expect(way.nodes).toEqual(['in', 'PREROUTING', 'routing', 'INPUT']);
    expect(way.end).toEqual({ kind: 'dropped', place: 'filter' });
    expect(crossed(way).at(-1)).toBe('INPUT filter [policy DROP / after 2 rules]');
    expect(mapSentence(way)).toMatch(/INPUT, dropped there$/);
  });

  test('a packet that routing drops ends at the diamond', () => {
    const panel = openPanel(HOST);
    panel.add('in eth0 tcp 198.51.100.7:40000 > 192.0.2.1:23 S');
    expect(wayOfSelected(panel).nodes).toEqual(['in', 'PREROUTING', 'routing']);
    expect(wayOfSelected(panel).end).toEqual({ kind: 'dropped', place: undefined });
  });

  test('a packet of the host itself begins at the process', () => {
    const panel = openPanel(HOST);
    panel.add('out udp 203.0.113.1:5353 > 192.0.2.9:53');
    expect(wayOfSelected(panel).nodes).toEqual(['process', 'OUTPUT', 'POSTROUTING', 'out']);
  });

  test('a packet to the host itself goes out by lo and comes in again', () => {
    const panel = openPanel(HOST.replace('COMMIT', '-A INPUT -i lo -j ACCEPT\nCOMMIT'));
    panel.add('out udp 203.0.113.1:5353 > 203.0.113.1:53');
    const { nodes } = wayOfSelected(panel);
    expect(nodes.slice(0, 6)).toEqual(['process', 'OUTPUT', 'POSTROUTING', 'out', 'in', 'PREROUTING']);
    expect(nodes.slice(-2)).toEqual(['INPUT', 'process']);
  });

  test('while it is walked, the way is known up to the step', () => {
    const panel = openPanel(ROUTER);
    panel.dispatch({ kind: 'select-packet', packet: 0 });
    const way = wayOfSelected(panel, 0);
    expect(crossed(way)).toEqual(['PREROUTING conntrack [new entry / NEW]']);
    expect(way).toMatchObject({ nodes: ['in', 'PREROUTING'], end: { kind: 'walking', place: 'conntrack' } });
  });
});

const PLACES: readonly PlaceName[] = ['raw', 'conntrack', 'mangle', 'nat', 'filter', 'security', 'confirm', 'ipvs'];

const contents: fc.Arbitrary<MapContent> = fc.record({
  present: fc.subarray([...PLACES]).map((places) => new Set(places)),
  passed: fc.subarray([...HOOKS]).map((hooks) => new Set(hooks)),
  nameWidth: fc.integer({ min: 0, max: 110 }),
});

describe('the layout', () => {
  test('at any width: boxes apart and inside the picture, places inside their hooks, wires from box to box', () => {
    fc.assert(
      fc.property(contents, fc.integer({ min: 320, max: 2400 }), (content, width) => {
        for (const layout of [wideLayout(width, content), narrowLayout(width, content)]) {
          if (layout) checkLayout(layout, content);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the usual ruleset is drawn wide beside a list of packets on a screen of 1280 pixels', () => {
    const content: MapContent = {
      present: new Set(['conntrack', 'confirm', 'nat', 'filter']),
      passed: new Set(),
      nameWidth: 30,
    };
    expect(wideLayout(945, content)?.kind).toBe('wide');
    expect(wideLayout(600, content)).toBeUndefined();
  });

  test('the way draws INPUT and OUTPUT with their tables only where it leads there', () => {
    const folded = wideLayout(1400, { present: new Set(), passed: new Set(['FORWARD']), nameWidth: 0 });
    expect(boxOf(folded, 'INPUT')?.places).toEqual([]);
    const open = wideLayout(1400, { present: new Set(), passed: new Set(['INPUT']), nameWidth: 0 });
    expect(boxOf(open, 'INPUT')?.places.map(({ place }) => place)).toEqual([
      'mangle',
      'filter',
      'security',
      'nat',
      'confirm',
    ]);
    expect(boxOf(open, 'OUTPUT')?.places).toEqual([]);
  });

  test('IPVS is drawn on a director only', () => {
    expect(placesAt('INPUT', new Set())).not.toContain('ipvs');
    expect(placesAt('INPUT', new Set(['ipvs'] as const))).toContain('ipvs');
  });
});

function boxOf(layout: MapLayout | undefined, hook: Hook): HookBox | undefined {
  return layout?.hooks.find((box) => box.hook === hook);
}

function checkLayout(layout: MapLayout, content: MapContent): void {
  const boxes = [...layout.hooks.map(({ rect }) => rect), layout.routing, layout.process];
  for (const [index, box] of boxes.entries()) {
    expect(contains({ x: 0, y: 0, width: layout.width, height: layout.height }, box), 'inside').toBe(true);
    for (const other of boxes.slice(index + 1)) expect(overlap(box, other), 'apart').toBe(false);
  }
  for (const { rect, places, hook } of layout.hooks) {
    for (const [index, place] of places.entries()) {
      expect(contains(rect, place.rect)).toBe(true);
      for (const other of places.slice(index + 1)) expect(overlap(place.rect, other.rect)).toBe(false);
    }
    // Nothing that decides may be left out of an open hook.
    const shown = places.map(({ place }) => place);
    if (shown.length > 0) {
      expect(shown).toEqual(
        expect.arrayContaining(placesAt(hook, content.present).filter((place) => content.present.has(place))),
      );
    }
  }
  expect(layout.wires).toHaveLength(9);
  for (const { points } of layout.wires) {
    for (const { x, y } of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(layout.width);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(layout.height);
    }
  }
}

function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x - 0.5 &&
    inner.y >= outer.y - 0.5 &&
    inner.x + inner.width <= outer.x + outer.width + 0.5 &&
    inner.y + inner.height <= outer.y + outer.height + 0.5
  );
}

function overlap(a: Rect, b: Rect): boolean {
  return (
    a.x < b.x + b.width - 0.5 && b.x < a.x + a.width - 0.5 && a.y < b.y + b.height - 0.5 && b.y < a.y + a.height - 0.5
  );
}
