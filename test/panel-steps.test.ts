/** The list of steps: rows under hooks, long runs folded, what failed brought out. */
import { expect, test } from 'vitest';
import { whyWords } from '../client/src/webview/outcome';
import { exchangesOf, stepsOf } from '../client/src/webview/state';
import {
  decidingStep,
  lineOfStep,
  type StepGroup,
  type StepRow,
  stepGroups,
  visibleSteps,
} from '../client/src/webview/step-rows';
import { plain } from '../client/src/webview/tone';
import { HOST, lineOf, ROUTER } from './panel-rulesets';
import { openPanel, type PanelSession } from './panel-session';

function groupsOf(
  { state }: PanelSession,
  filter: 'all' | 'matched' = 'all',
  opened = new Set<number>(),
): readonly StepGroup[] {
  return stepGroups({
    steps: stepsOf(state, state.cursor.packet),
    outline: state.answer?.outline ?? [],
    filter,
    opened,
  });
}

function rowsOf(groups: readonly StepGroup[]): readonly StepRow[] {
  return groups.flatMap(({ rows }) => rows);
}

/** `filter:FORWARD:1 -m state … | the packet is NEW | ACCEPT` */
function rowText(row: StepRow): string {
  if (row.kind === 'folded') return row.text;
  return [`${row.name} ${plain(row.words)}`, row.why, row.verdict].filter(Boolean).join(' | ');
}

test('grouped by hook, with the names of the kernel and the words of the ruleset', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  const groups = groupsOf(panel);
  expect(groups.map(({ title }) => title)).toEqual(['PREROUTING', 'FORWARD', 'POSTROUTING']);
  expect(groups[1]?.rows.map(rowText)).toEqual([
    'filter:FORWARD:1 -m state --state RELATED,ESTABLISHED -j ACCEPT | the packet is NEW and DNAT',
    'filter:FORWARD:2 -d 10.0.0.2/32 -j web | → web',
    'filter:web:1 -p tcp -m tcp --dport 8080 -j ACCEPT | ACCEPT',
  ]);
});

test('a rule of a chain that was jumped to stands deeper', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  const depths = groupsOf(panel)[1]?.rows.map(({ depth }) => depth);
  expect(depths).toEqual([0, 0, 1]);
});

test('what failed of a rule is brought out, and the rest of its words is there', () => {
  const panel = openPanel(ROUTER);
  panel.add('in eth0 udp 198.51.100.7:4000 > 10.0.0.2:53');
  const row = rowsOf(groupsOf(panel)).find((one) => one.kind === 'step' && one.name === 'filter:web:1');
  expect(row).toMatchObject({
    matched: false,
    words: [{ text: '-p tcp', tone: 'why' }, ' -m tcp --dport 8080 -j ACCEPT'],
    why: 'the protocol is udp',
    line: lineOf(ROUTER, '-A web -p tcp -m tcp --dport 8080 -j ACCEPT'),
  });
});

test('only what matched leaves out the rules that did not, and nothing else', () => {
  const panel = openPanel(ROUTER);
  const all = rowsOf(groupsOf(panel));
  const matched = rowsOf(groupsOf(panel, 'matched'));
  expect(matched.map(rowText)).toEqual(all.filter((row) => row.kind === 'step' && row.matched).map(rowText));
});

const MANY = HOST.replace(
  '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
  `${Array.from({ length: 400 }, (_, index) => `-A INPUT -s 10.0.${index >> 8}.${index & 255}/32 -j DROP`).join('\n')}
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT`,
);

test('hundreds of rules that did not match are one row, which opens', () => {
  const panel = openPanel(MANY);
  panel.dispatch({ kind: 'select-packet', packet: 0 });
  const rows = rowsOf(groupsOf(panel));
  expect(rows.length).toBeLessThan(12);
  const folded = rows.find(({ kind }) => kind === 'folded');
  expect(folded).toMatchObject({ text: 'filter:INPUT:1 – 401: 401 rules did not match' });
  const opened = rowsOf(groupsOf(panel, 'all', new Set([folded?.step ?? -1])));
  expect(opened.length).toBe(stepsOf(panel.state, 0).length);
});

test('every visible step is a row, in order', () => {
  const panel = openPanel(MANY);
  const view = {
    steps: stepsOf(panel.state, 0),
    outline: panel.state.answer?.outline ?? [],
    filter: 'all' as const,
    opened: new Set<number>(),
  };
  const steps = visibleSteps(view);
  expect(steps).toEqual(steps.slice().sort((a, b) => a - b));
  expect(new Set(steps).size).toBe(steps.length);
});

test('the step that decided is the one that dropped, or else the filter that accepted', () => {
  const panel = openPanel(HOST);
  panel.add('in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:23 S');
  const steps = stepsOf(panel.state, panel.state.cursor.packet);
  const decided = steps[decidingStep(steps)];
  expect(decided).toMatchObject({ kind: 'policy', verdict: 'DROP' });
  expect(lineOfStep(decided, panel.state.answer?.outline ?? [])).toBe(lineOf(HOST, ':INPUT DROP [0:0]'));
});

test('one line says why', () => {
  const panel = openPanel(ROUTER);
  panel.dispatch({ kind: 'last' });
  panel.add('in eth0 udp 198.51.100.7:4000 > 10.0.0.9:53');
  panel.add('in eth0 tcp 198.51.100.7:40001 > 203.0.113.1:22 S');
  const exchanges = exchangesOf(panel.state);
  expect(exchanges.map((_, index) => plain(whyWords(exchanges, index)))).toEqual([
    'DNAT to 10.0.0.2:8080 · web 1 accepts',
    'reply of 1 · ESTABLISHED · FORWARD 1 accepts',
    'ESTABLISHED [ASSURED] · FORWARD 1 accepts',
    "FORWARD 3 rejects · REJECT's icmp-admin-prohibited sent back",
    'INPUT policy drops · no entry is left behind',
  ]);
});
