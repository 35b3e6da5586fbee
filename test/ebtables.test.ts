/** ebtables: every declaration's examples, what the text may not say, and rulesets that were found elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import type { BridgeExtension } from '../src-sim/ebt/define';
import { parseBridgeRules } from '../src-sim/ebt/parse';
import { printBridgeRule } from '../src-sim/ebt/print-rule';
import { RefusedBridgeText } from '../src-sim/ebt/refused-text';
import { BRIDGE_EXTENSIONS } from '../src-sim/ebt/registry';
import { parsePacketLine } from '../src-sim/sim/packet-line';
import type { Scenario } from '../src-sim/sim/scenario';
import type { Example } from '../src-sim/xt/define';
import { exampleTitle } from './support/example-title';
import { sharedData } from './support/shared-data';

describe.each(BRIDGE_EXTENSIONS.map((extension) => [`${extension.kind} ${extension.name}`, extension] as const))(
  '%s',
  (_, extension) => {
    it('has examples', () => expect(extension.examples).not.toEqual([]));

    for (const example of extension.examples) it(exampleTitle(example), () => check(extension, example));
  },
);

function check(extension: BridgeExtension, example: Example): void {
  const [place] = extension.kind === 'target' && extension.places ? extension.places : ['filter:FORWARD'];
  const [table = '', chain = ''] = place?.split(':') ?? [];
  const text = `*${table}\n-A ${chain} ${example.rule}\n`;
  if (example.kind === 'refused') {
    expect(() => parseBridgeRules(text)).toThrow(example.why);
    return;
  }
  if (example.kind === 'accepted') {
    const rule = parseBridgeRules(text).tables[0]?.chains.flatMap(({ rules }) => rules)[0];
    expect(rule && printBridgeRule(rule)).toBe(example.saved);
    return;
  }
  const line = parsePacketLine(example.packet);
  if (!line.ok) throw new Error(`${example.packet}: ${line.error}`);
  const family = line.packet.src.includes(':') ? 6 : 4;
  const known = { ...line.packet, mac_dst: line.packet.mac_dst ?? '02:00:00:00:02:02' };
  const counted = runScenario(scenario(text, { family, packets: [known] })).ebtables?.[`${table}:${chain}:1`];
  expect(counted?.[0]).toBe(example.matched ? 1 : 0);
}

function scenario(ebtables: string, more: Partial<Scenario> = {}): Scenario {
  return {
    rules: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n',
    packets: [],
    host: { interfaces: { br0: { addresses: ['10.0.0.1/24'], ports: ['p0', 'p1'] } }, ebtables },
    ...more,
  };
}

describe('a text that cannot be loaded', () => {
  it.each([
    [
      '*filter\n-A FORWARD -p IPv4 --ip-proto tcp --ip-dport 80:22 -j DROP\n',
      '2:46: ebtables: the range 80:22 runs backwards',
    ],
    ['*nonsense\n', '1:1: ebtables: unknown table "nonsense"'],
    ['-A FORWARD -j DROP\n', '1:1: ebtables: a table (`*filter`) has to come first'],
    ['*filter\n-A PREROUTING -j DROP\n', '2:4: ebtables: there is no chain "PREROUTING" in this table'],
    ['*filter\n-A FORWARD -j nowhere\n', '2:15: ebtables: there is no target or chain "nowhere"'],
    ['*filter\n-A FORWARD --nonsense -j DROP\n', '2:12: ebtables: unknown option --nonsense'],
    ['*filter\n-A FORWARD -m limit --limit 1/s -j DROP\n', '2:12: ebtables: unknown option -m'],
    ['*filter\n-A FORWARD -j DROP extra\n', '2:20: ebtables: unexpected "extra"'],
    ['*filter\n-A FORWARD -p\n', '2:14: ebtables: expected a protocol behind -p; the line ends'],
    ['*filter\n-A INPUT -o p0 -j DROP\n', '2:1: ebtables: in INPUT there is no port that a frame leaves by'],
    [
      '*filter\n-A OUTPUT --logical-in br0 -j DROP\n',
      '2:1: ebtables: in OUTPUT there is no port that a frame came in by',
    ],
    ['*filter\n:FORWARD RETURN\n', '2:10: ebtables: the policy of FORWARD is ACCEPT or DROP'],
    [`*filter\n:${'a'.repeat(32)} ACCEPT\n`, '2:1: ebtables: the name is too long: at most 31 characters'],
    ['*filter\n:own CONTINUE\n', '2:6: ebtables: "CONTINUE" is no policy'],
    ['*filter\n-A FORWARD -j INPUT\n', '2:1: ebtables: INPUT is a built-in chain: no rule jumps to it'],
    [
      '*filter\n:a RETURN\n:b RETURN\n-A FORWARD -j a\n-A a -j b\n-A b -j a\n',
      '6:1: ebtables: b and a call each other in a loop',
    ],
    [
      '*nat\n:own RETURN\n-A own -j snat --to-src 2:0:0:0:0:1\n-A PREROUTING -j own\n',
      '3:1: ebtables: snat stands in nat:POSTROUTING alone',
    ],
  ])('%j', (text, error) => {
    const answer = runScenario(scenario(text));
    expect(answer.load).toEqual({ ok: false, error });
    expect(answer.packets).toEqual([]);
  });
});

describe('why a frame was dropped', () => {
  const frame = {
    in: 'p0',
    src: '10.0.0.2',
    dst: '10.0.0.3',
    mac_dst: '02:00:00:00:02:02',
    proto: 'tcp',
    sport: 4000,
    dport: 80,
  };

  it('names the table, the chain and the rule', () => {
    const rule = '-A web -p IPv4 --ip-proto tcp --ip-dport 80 -j DROP';
    const { packets } = runScenario(
      scenario(`*filter\n:web RETURN\n-A FORWARD -i p0 -j web\n${rule}\n`, { packets: [frame] }),
    );
    expect(packets[0]?.fate).toEqual({ kind: 'dropped', where: 'ebtables filter:web:1', reason: rule });
    expect(packets[0]?.steps).toContainEqual({
      kind: 'bridge-rule',
      matched: true,
      verdict: 'DROP',
      bridgeHook: 'FORWARD',
      bridgeTable: 'filter',
      chain: 'web',
      number: 1,
      text: rule,
    });
    expect(packets[0]?.trace).toEqual([]);
  });

  it('or the policy', () => {
    const { packets } = runScenario(scenario('*filter\n:FORWARD DROP\n', { packets: [frame] }));
    const reason = 'the policy of FORWARD is DROP';
    expect(packets[0]?.fate).toEqual({ kind: 'dropped', where: 'ebtables filter:FORWARD:policy', reason });
  });
});

/** Rulesets of other people's, and those that ebtables printed of its own test rows. */
const FOLDER = sharedData === undefined ? '' : join(sharedData, 'corpus', 'ebtables');

/** Text that a page put its own marks into. */
const SPOILT = /proxmox|filter-input__/;

describe.runIf(sharedData !== undefined)('rulesets of the reference data', () => {
  const files = sharedData === undefined ? [] : readdirSync(FOLDER).filter((name) => name.endsWith('.ebtables'));

  it.each(files.filter((name) => !SPOILT.test(name)))('%s is taken, and printed again', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const printed = parseBridgeRules(text).tables.flatMap(({ chains }) =>
      chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${printBridgeRule(rule)}`)),
    );
    const written = text
      .split('\n')
      .flatMap((line) => /^(?:\[\d+:\d+\] )?(-A .*?)(?: -c \d+ \d+)?\s*$/.exec(line)?.[1] ?? []);
    expect([...printed].sort()).toEqual(written.map((line) => line.replace(/ {2,}/g, ' ')).sort());
  });

  it('a broken one is refused at its place', () => {
    for (const name of files.filter((one) => one.includes('proxmox'))) {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      expect(() => parseBridgeRules(text)).toThrow(RefusedBridgeText);
    }
  });
});
