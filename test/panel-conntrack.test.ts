/** The conntrack table of the panel: the kernel's lines taken apart, and what a packet changed of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conntrackChanges, type EntryChange } from '../client/src/webview/conntrack-changes';
import { entryKey, parseConntrackLine } from '../src-sim/conntrack/line';
import type { PacketResult } from '../src-sim/sim/trace';
import { sharedData } from './support/shared-data';

// Lines of a 6.18 kernel: one connection through a router that translates port 80 to 10.0.0.2:8080.
const TUPLES = 'src=198.51.100.7 dst=203.0.113.1 sport=40000 dport=80';
const REPLY = 'src=10.0.0.2 dst=198.51.100.7 sport=8080 dport=40000';
const SYN_SENT = `ipv4 2 tcp 6 120 SYN_SENT ${TUPLES} [UNREPLIED] ${REPLY} mark=0 zone=0 use=2`;
const SYN_RECV = `ipv4 2 tcp 6 60 SYN_RECV ${TUPLES} ${REPLY} mark=0 zone=0 use=2`;
const ESTABLISHED = `ipv4 2 tcp 6 432000 ESTABLISHED ${TUPLES} ${REPLY} [ASSURED] mark=0 zone=0 use=3`;
const PING =
  'ipv4 2 icmp 1 29 src=198.51.100.7 dst=203.0.113.1 type=8 code=0 id=7 src=203.0.113.1 dst=198.51.100.7 type=0 code=0 id=7 mark=0 zone=0 use=2';

test('a line in its parts', () => {
  expect(parseConntrackLine(SYN_SENT)).toMatchObject({
    protocol: 'tcp',
    timeout: 120,
    state: 'SYN_SENT',
    original: { src: '198.51.100.7', dst: '203.0.113.1', sport: 40_000, dport: 80 },
    reply: { src: '10.0.0.2', dst: '198.51.100.7', sport: 8080, dport: 40_000 },
    flags: ['[UNREPLIED]'],
    rest: [
      ['mark', '0'],
      ['zone', '0'],
      ['use', '2'],
    ],
  });
  expect(parseConntrackLine(PING)).toMatchObject({
    state: undefined,
    original: { icmp: { type: 8, code: 0, id: 7 } },
    reply: { icmp: { type: 0, code: 0, id: 7 } },
  });
});

test('a line that is none is left out', () => {
  for (const text of ['', 'nonsense', 'ipv4 2 tcp', 'src=1.2.3.4']) expect(parseConntrackLine(text)).toBeUndefined();
});

test('the same original tuple in another zone is another entry', () => {
  const [one, two] = [SYN_SENT, SYN_SENT.replace('zone=0', 'zone=7')].map((line) => parseConntrackLine(line));
  expect(one && two && entryKey(one) === entryKey(two)).toBe(false);
});

function after(...tables: readonly (readonly [time: number, ...lines: readonly string[]])[]): readonly EntryChange[] {
  const results = tables.map(([time, ...conntrack]) => ({ time, conntrack }) as unknown as PacketResult);
  return conntrackChanges(results, results.length - 1);
}

test('a new entry', () => {
  expect(after([0, SYN_SENT])).toMatchObject([{ kind: 'created', left: 1, timeoutBefore: undefined }]);
});

test('what a SYN ACK changes: the state, the timer, and [UNREPLIED] goes', () => {
  expect(after([0, SYN_SENT], [2, SYN_RECV])).toMatchObject([
    { kind: 'changed', stateBefore: 'SYN_SENT', timeoutBefore: 118, flagsLost: ['[UNREPLIED]'], flagsGained: [] },
  ]);
  expect(after([0, SYN_RECV], [0, ESTABLISHED])).toMatchObject([{ flagsGained: ['[ASSURED]'], restChanged: [] }]);
});

test('time that passes is no change of the packet; the bar shows what is left of the last setting', () => {
  const later = SYN_RECV.replace(' 60 ', ' 30 ');
  expect(after([0, SYN_SENT], [0, SYN_RECV], [30, later])).toMatchObject([
    { kind: 'unchanged', left: 0.5, timeoutBefore: undefined },
  ]);
});

test('an entry whose time ran out has expired; one that had time left was deleted', () => {
  expect(after([0, PING], [31])).toMatchObject([{ kind: 'expired' }]);
  expect(after([0, ESTABLISHED], [31])).toMatchObject([{ kind: 'destroyed' }]);
});

test('a mark that a rule set is a change', () => {
  expect(after([0, ESTABLISHED], [0, ESTABLISHED.replace('mark=0', 'mark=4')])).toMatchObject([
    { kind: 'changed', restChanged: ['mark'] },
  ]);
});

const folder = sharedData && join(sharedData, 'corpus', 'conntrack');

test.skipIf(folder === undefined)('tables of other machines: every line with two tuples is read', () => {
  const lines = readdirSync(folder ?? '')
    .flatMap((name) => readFileSync(join(folder ?? '', name), 'utf8').split('\n'))
    .filter((line) => /^ipv[46] +\d+ +\w+ +\d+ /.test(line) && (line.match(/\bsrc=/g) ?? []).length === 2);
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    const parsed = parseConntrackLine(line);
    expect(parsed?.original.src, line).not.toBe('');
    expect(parsed?.reply.dst, line).not.toBe('');
  }
});
