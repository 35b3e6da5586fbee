import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { lower } from '../server/src/analysis/lower';
import type { LintRule } from '../server/src/lint/define';
import { readExample } from '../server/src/lint/example';
import { applyEdits, type Finding, type Fix, type Witness } from '../server/src/lint/finding';
import { LINT_RULES } from '../server/src/lint/registry';
import { lint } from '../server/src/lint/run';
import type { ScenarioPacket } from '../src-sim/sim/scenario';
import { simulate } from '../src-sim/sim/simulator';
import type { PacketResult } from '../src-sim/sim/trace';
import { iptablesLegacyRestore, iptablesNftRestore, unshare } from './support/root-tools';

function findingsOf(rule: LintRule, text: string): readonly Finding[] {
  const document = createDocument(text);
  return lint(document, readHints(document), [rule]);
}

describe.each(LINT_RULES.map((rule) => [rule.code, rule] as const))('%s', (_, rule) => {
  it('has examples of both kinds', () => {
    expect(rule.bad.length).toBeGreaterThanOrEqual(3);
    expect(rule.good.length).toBeGreaterThanOrEqual(3);
  });

  describe.each(rule.bad.map((example) => [example.title, example] as const))('bad: %s', (_title, example) => {
    const { text, marks } = readExample(example.code);
    const findings = findingsOf(rule, text);

    it('is marked where the carets are', () => {
      expect(findings.map(({ span }) => span)).toEqual(marks.map(({ span }) => span));
      for (const [index, { message }] of marks.entries()) expect(findings[index]?.message).toContain(message);
    });

    it('has a witness, for which the simulator speaks', () => {
      for (const { witness } of findings) {
        expect(witness).toBeDefined();
        expect(witness && suffers(text, witness)).toBe(true);
      }
    });

    it.runIf(example.fixed !== undefined)('becomes the fixed text, in which nothing is found', () => {
      const edits = findings.flatMap(({ fixes }) => fixes[0]?.edits ?? []);
      const fixed = applyEdits(
        text,
        [...edits].sort((a, b) => a.span.start - b.span.start),
      );
      expect(fixed).toBe(example.fixed);
      expect(findingsOf(rule, fixed)).toEqual([]);
    });

    it.each(fixesOf(findings))('$fix.title: saves the witness', ({ fix, finding: { witness } }) => {
      const fixed = applyEdits(text, fix.edits);
      expect(witness && suffers(fixed, witness)).toBe(false);
    });

    it.each(fixesOf(findings))('$fix.title: changes nothing for other packets', ({ fix, finding }) => {
      onlyVictimsFareBetter(text, applyEdits(text, fix.edits), finding);
    });
  });

  it.each(rule.good.map((example) => [example.title, example] as const))('good: %s', (_title, example) => {
    expect(findingsOf(rule, example.code)).toEqual([]);
  });
});

const PROGRAMS = [iptablesLegacyRestore, iptablesNftRestore].filter((program) => program !== undefined);
/** What the kernel was not built with it refuses, whatever the rule. */
const NOT_BUILT = /missing kernel module/;
const EXAMPLES = LINT_RULES.flatMap(({ code, bad, good }) => [
  ...bad.flatMap(({ title, code: text, fixed }) => [
    { name: `${code}, bad: ${title}`, text },
    ...(fixed === undefined ? [] : [{ name: `${code}, fixed: ${title}`, text: fixed }]),
  ]),
  ...good.map(({ title, code: text }) => ({ name: `${code}, good: ${title}`, text })),
]);

describe.runIf(unshare !== undefined && PROGRAMS.length > 0)('examples are accepted by', () => {
  it.each(PROGRAMS)('%s', (program) => {
    const refused = EXAMPLES.flatMap(({ name, text }) => {
      const { status, stderr } = spawnSync(unshare ?? '', ['--net', program], { input: text, encoding: 'utf8' });
      return status === 0 || NOT_BUILT.test(stderr) ? [] : [`${name}: ${stderr.trim()}`];
    });
    expect(refused).toEqual([]);
  });
});

function fixesOf(findings: readonly Finding[]): readonly { readonly fix: Fix; readonly finding: Finding }[] {
  return findings.flatMap((finding) => finding.fixes.map((fix) => ({ fix, finding })));
}

/** Whether the witness's packet is denied, or taken for the beginning of something, or for nothing. */
function suffers(text: string, { host, packets, victim, harm }: Witness): boolean {
  const result = simulate(lower(createDocument(text).tree), { host, packets }).packets[victim];
  if (harm === 'denied') return !isThrough(result);
  const state = result?.steps.find((step) => step.kind === 'conntrack')?.state;
  return state === 'NEW' || state === 'INVALID';
}

function isAccepted(text: string, host: Witness['host'], packet: ScenarioPacket): boolean {
  return isThrough(simulate(lower(createDocument(text).tree), { host, packets: [packet] }).packets[0]);
}

function isThrough(result: PacketResult | undefined): boolean {
  return result?.fate.kind === 'sent' || result?.fate.kind === 'delivered';
}

/** Packets around the witness: some of its own values, some of others. */
function packetsAround({ host, packets }: Witness): fc.Arbitrary<ScenarioPacket> {
  const devices = Object.keys(host.interfaces ?? {});
  const own = (packet: ScenarioPacket) => [packet.src, packet.dst];
  const addresses = [...new Set([...packets.flatMap(own), '198.51.100.99', '203.0.113.77'])];
  const ports = [
    ...new Set([...packets.flatMap(({ sport, dport }) => [sport ?? 0, dport ?? 0]), 22, 53, 80, 443, 5000]),
  ];
  const pairs = fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 2, maxLength: 2 });
  return fc
    .record({
      device: fc.constantFrom('', ...devices),
      pair: pairs,
      proto: fc.constantFrom('tcp', 'tcp', 'udp', 'udp', 'icmp', '47'),
      sport: fc.constantFrom(...ports),
      dport: fc.constantFrom(...ports),
      flags: fc.constantFrom('S', 'SA', 'A', 'PA', 'FA', 'R'),
    })
    .map(({ device, pair: [src = '', dst = ''], proto, ...rest }) => ({
      ...(device === '' ? { out: true } : { in: device }),
      src,
      dst,
      proto,
      ...(proto === 'tcp' || proto === 'udp' ? rest : {}),
      ...(proto === 'icmp' ? { icmp: { type: 8 } } : {}),
    }));
}

/** Every packet fares as before, or better where it is of the service that the finding is about. */
function onlyVictimsFareBetter(text: string, fixed: string, { witness }: Finding): void {
  if (witness === undefined) throw new Error('no witness');
  const victim = witness.packets[witness.victim];
  const isService = ({ proto, sport, dport }: ScenarioPacket) =>
    proto === victim?.proto && (dport === victim?.dport || sport === victim?.sport);
  fc.assert(
    fc.property(packetsAround(witness), (packet) => {
      const before = isAccepted(text, witness.host, packet);
      const after = isAccepted(fixed, witness.host, packet);
      if (before !== after)
        expect({ packet, before, after, isService: isService(packet) }).toMatchObject({
          before: false,
          isService: true,
        });
    }),
    { numRuns: 100, seed: 1 },
  );
}

describe('findings', () => {
  it('come in the order of the text, once each', () => {
    for (const rule of LINT_RULES) {
      for (const { code } of rule.bad) {
        const { text } = readExample(code);
        const document = createDocument(text);
        const starts = lint(document, readHints(document)).map(({ span }) => lineAt(document, span.start));
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }
    }
  });
});
