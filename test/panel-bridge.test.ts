/** A frame on a bridge, told: the panel's steps and its bridge level, and the lines of `chainwalk trace`. */
import { expect, test } from 'vitest';
import { bridgeLevel } from '../client/src/webview/bridge-level';
import { decidingStep, stepGroups } from '../client/src/webview/step-rows';
import { plain } from '../client/src/webview/tone';
import { createDocument } from '../server/src/analysis/document';
import { runDocument } from '../server/src/analysis/run-scenario';
import { traceText } from '../server/src/cli/trace-text';
import type { ScenarioPacket } from '../src-sim/sim/scenario';

const RULES = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n';

const EBTABLES = `*broute
-A BROUTING -p ARP -j DROP
*nat
-A PREROUTING -i p0 -j mark --mark-set 0x7 --mark-target CONTINUE
*filter
:web RETURN
-A FORWARD -j web
-A web -p IPv4 --ip-proto tcp --ip-dport 23 -j DROP
`;

const FRAME: ScenarioPacket = {
  in: 'p0',
  src: '10.0.0.2',
  dst: '10.0.0.3',
  mac_dst: '02:00:00:00:02:02',
  proto: 'tcp',
  sport: 4000,
  dport: 80,
};

const document = createDocument(RULES, { fileName: 'rules.v4' });

function run(packet: ScenarioPacket) {
  const interfaces = { br0: { addresses: ['10.0.0.1/24'], ports: ['p0', 'p1'] } };
  const result = runDocument(document, { host: { interfaces, ebtables: EBTABLES }, packets: [packet] });
  const [first] = result.packets;
  if (first === undefined) throw new Error(result.load.error);
  return { result, steps: first.steps };
}

function groups(packet: ScenarioPacket, filter: 'all' | 'matched') {
  return stepGroups({ steps: run(packet).steps, outline: [], filter, opened: new Set() }).map(({ title, rows }) => [
    title,
    ...rows.map((row) => (row.kind === 'folded' ? row.text : `${row.name} ${plain(row.words)}`)),
  ]);
}

test('steps stand under the hooks of the bridge, and those of iptables between them', () => {
  expect(groups(FRAME, 'matched').map(([title]) => title)).toEqual([
    'bridge BROUTING',
    'bridge PREROUTING',
    'bridge FORWARD',
    'FORWARD',
    'bridge POSTROUTING',
  ]);
  expect(groups(FRAME, 'matched')[1]).toEqual([
    'bridge PREROUTING',
    'ebtables nat:PREROUTING:1 -A PREROUTING -i p0 -j mark --mark-set 0x7 --mark-target CONTINUE',
    'ebtables nat:PREROUTING:policy policy of PREROUTING',
    'bridge the frame for 02:00:00:00:02:02 goes to p1',
  ]);
  expect(groups(FRAME, 'all')[0]?.[1]).toBe('ebtables broute:BROUTING:1 -A BROUTING -p ARP -j DROP');
});

test('the rule that dropped the frame is the step to look at', () => {
  const { steps } = run({ ...FRAME, dport: 23 });
  expect(steps[decidingStep(steps)]).toMatchObject({ kind: 'bridge-rule', chain: 'web', verdict: 'DROP' });
});

test('the bridge level names each table with what it did', () => {
  const level = bridgeLevel(run({ ...FRAME, dport: 23 }).steps);
  expect(
    level?.stops.map(({ hook, tables }) => [hook, ...tables.map(({ table, words }) => `${table}: ${plain(words)}`)]),
  ).toEqual([
    ['PREROUTING', 'broute: policy ACCEPT', 'nat: policy ACCEPT'],
    ['FORWARD', 'filter: web:1 DROP'],
  ]);
  expect(level?.said.map(({ text }) => text)).toEqual(['the frame for 02:00:00:00:02:02 goes to p1']);
});

test('without a bridge there is no bridge level', () => {
  const host = { interfaces: { eth0: { addresses: ['10.0.0.1/24'] } } };
  const { packets } = runDocument(document, {
    host,
    packets: [{ ...FRAME, in: 'eth0', mac_dst: '02:00:00:00:00:01' }],
  });
  expect(bridgeLevel(packets[0]?.steps ?? [])).toBeUndefined();
});

test('chainwalk trace prints the chain, the rule and why', () => {
  const packet = { ...FRAME, dport: 23 };
  const text = traceText(document, [packet], run(packet).result, { color: false, showAll: true });
  expect(text).toContain(
    '  bridge BROUTING\n    · ebtables broute:BROUTING:1  -A BROUTING -p ARP -j DROP  (--protocol: it is IPv4)\n',
  );
  expect(text).toContain('✓ ebtables filter:web:1  -A web -p IPv4 --ip-proto tcp --ip-dport 23 -j DROP  → DROP\n');
  expect(text).toContain('■ dropped at ebtables filter:web:1: -A web -p IPv4 --ip-proto tcp --ip-dport 23 -j DROP\n');
});
