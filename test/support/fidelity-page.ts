/** docs/fidelity.md: how far the simulator agrees with real kernels, and where it is known not to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScenario } from '../../server/src/analysis/run-scenario';
import { type Aspect, disagreements } from './agreement';
import { RECORDING_FILES, readRecordings } from './recordings';

const ROOT = join(import.meta.dirname, '..', '..');

const ASPECTS: readonly Aspect[] = ['trace', 'caused', 'out', 'conntrack'];

/** Written down by hand after each run: no test can repeat it without a kernel to ask. */
const UNSEEN = [
  '| scenarios | packets | agree fully | counters |',
  '| --- | --- | --- | --- |',
  '| filter, ICMP, local sockets, marks, meters, NAT, state and mixtures, 40 | 485 | 100 % | 37 of 39 |',
  '| fragments, TCP windows, other protocols, odd matches, both families, by another generator, 63 | 858 | 99.4 % | 59 of 60 |',
  '| rulesets of real hosts, packets from their words, by another generator, 46 | 326 | 100 % | 44 of 44 |',
  '| helpers and what they expect, with NAT and without, 14 | 125 | 100 % | 14 of 14 |',
  '| TCP with scaling, SACK and deletions, 14 | 191 | 100 % | 14 of 14 |',
  '| IPv4 fragments: overlapping, doubled, too late, 16 | 118 | 100 % | 15 of 15 |',
  '| bridges, with fragments and a second bridge, 30 | 420 | 100 % | 30 of 30 |',
  '| bridges with ebtables, 23 | 322 | 99.4 % | 23 of 23 |',
  '| IPv6 with NAT and ICMPv6 errors, 10 | 92 | 100 % | 10 of 10 |',
  '| SCTP, DCCP, GRE, UDP-Lite, ESP, AH and unknown protocols, 12 | 75 | 100 % | 12 of 12 |',
  '| seldom used matches and targets, 6 | 63 | 100 % | 5 of 5 |',
  '| TEE, TPROXY, SYNPROXY, NFQUEUE, SET and sets, policy routing by marks and addresses, 66 | 720 | 99.9 % | 62 of 62 |',
  '| zones, labels and marks, 9 | 133 | 100 % | 9 of 9 |',
  '| routes, policy, rp_filter, martians, multicast and broadcast, 7 | 52 | 92.3 % | 6 of 7 |',
  '| rulesets of real hosts with packets aimed at their rules, 69 | 549 | 100 % | 65 of 66 |',
  '| IPv6 extension headers, whole and broken, and what is behind them, 34 | 272 | 99.3 % | 32 of 34 |',
  '| IPVS: all schedulers, persistence, tunnels, ICMP errors, on a 6.1 kernel, 24 | 240 | 100 % | 24 of 24 |',
  '| IPVS in IPv6, on a 6.1 kernel, 12 | 132 | 100 % | not compared |',
  '',
  'Together 5,159 of 5,173 packets: 99.7 %. What differed: four packets behind an IPv6 packet from `::`, which was forwarded; five on an unreachable',
  'IPv6 route of a host that does not forward; a RST that left by another route than its source asks for; the source of an ICMPv6 error of a bridge',
  '(all these are mended); the order of the copies of a broadcast; a fragment that is whole by itself behind a routing header; a TCP header that is',
  'cut behind options. Two rulesets whose counters differ have a rule without any word, one of odd matches followed what is named here.',
  '',
  "Scenarios in which the kernel's answer is chance (a port that NAT chooses) are left out where that shows; the counters of IPv6 on the 6.1 kernel",
  "hold the stack's own multicast reports.",
];

interface Tally {
  readonly file: string;
  readonly scenarios: number;
  readonly packets: number;
  readonly agreeing: number;
  readonly by: Readonly<Record<Aspect, number>>;
  readonly counters: readonly [agreeing: number, of: number];
}

export function fidelityPage(): string {
  const tallies = RECORDING_FILES.map(tally);
  const [packets, agreeing] = [sum(tallies, (row) => row.packets), sum(tallies, (row) => row.agreeing)];
  return [
    '# Fidelity',
    '',
    'How far the simulator agrees with real Linux kernels. A packet agrees where its trace (as the TRACE target logs it), the',
    'packets that the host made because of it, every frame that left, and the whole conntrack table (timeouts within 2 seconds)',
    "are the kernel's own. Counters are compared at the end of each scenario.",
    '',
    `**${percent(agreeing, packets)} of ${packets} packets** in ${sum(tallies, (row) => row.scenarios)} recorded scenarios agree in everything.`,
    '',
    'Each row is a file of `test/data/kernel/`, named by the release of the kernel that answered.',
    '',
    `| recording | scenarios | packets | agree fully | ${ASPECTS.join(' | ')} | counters |`,
    `| --- | --- | --- | --- | ${ASPECTS.map(() => '---').join(' | ')} | --- |`,
    ...tallies.map(row),
    '',
    'The recordings keep the simulator from falling back: it was corrected until it agreed with them, and of `6.18-ipset` only scenarios',
    'that agreed were recorded. How well it does elsewhere, the next table says.',
    '',
    '## Scenarios it had not seen',
    '',
    'Random scenarios that the simulator was not corrected by, put to a 6.18 kernel with the state of 2026-11-26. Packets agree in',
    'everything, as above.',
    '',
    ...UNSEEN,
    '',
    '## How to repeat it',
    '',
    '- On any machine: `npx vitest run test/kernel.test.ts` runs the recorded scenarios; this page is written anew by `npm run generate`.',
    '- A recording is made by `node scripts/record-kernel.mjs NAME COMMAND… < scenarios.jsonl`, where COMMAND runs scenarios on a kernel',
    '  (JSON lines in and out, as `chainwalk simulate --jsonl`). It asks twice, and keeps what the kernel answers the same both times.',
    '- `CHAINWALK_SEED=555000 npx vitest run test/kernel-live.test.ts`, as root, compares with the running kernel on fresh scenarios; they',
    '  come from `test/support/scenarios/`, by class and seed. It needs a program that asks the kernel, in the reference data.',
    '',
    '## What cannot agree',
    '',
    '- What the kernel takes at random: a port that NAT chooses when the wanted one is taken, the initial sequence number of a listener (and so',
    '  whether a scripted ACK that answers it is in window). A `seed` makes our choice repeatable.',
    '- A rule without any word (`-A CHAIN` alone) is counted here under its place, as `iptables -L --line-numbers` numbers it; a reader of',
    "  `iptables-save -c` who wants a word behind the chain's name misses it. Recordings of such rulesets carry no counters.",
    '- Older releases do some things in another way: those that are known, and simulated, are in [kernels.md](kernels.md).',
    '',
    '## Known deviations',
    '',
    'Gathered from the `@deviates` notes in the sources:',
    '',
    ...deviations(),
  ].join('\n');
}

function tally(file: string): Tally {
  const recordings = readRecordings(file);
  const by: Record<Aspect, number> = { trace: 0, caused: 0, out: 0, conntrack: 0 };
  let [packets, agreeing, counters, counted] = [0, 0, 0, 0];
  for (const { scenario, answer } of recordings) {
    const ours = runScenario(scenario);
    answer.packets.forEach((_, packet) => {
      const differing = disagreements(ours, answer, packet);
      packets += 1;
      if (differing.length === 0) agreeing += 1;
      for (const aspect of ASPECTS) if (!differing.includes(aspect)) by[aspect] += 1;
    });
    if (answer.counters === undefined) continue;
    counted += 1;
    if (JSON.stringify(sorted(ours.counters)) === JSON.stringify(sorted(answer.counters))) counters += 1;
  }
  return { file, scenarios: recordings.length, packets, agreeing, by, counters: [counters, counted] };
}

function row({ file, scenarios, packets, agreeing, by, counters }: Tally): string {
  const shares = ASPECTS.map((aspect) => percent(by[aspect], packets)).join(' | ');
  return `| ${file.replace('.jsonl', '')} | ${scenarios} | ${packets} | ${percent(agreeing, packets)} | ${shares} | ${counters[0]} of ${counters[1]} |`;
}

function deviations(): readonly string[] {
  const files = readdirSync(join(ROOT, 'src-sim'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'src-sim', file), 'utf8');
    const notes = [...text.matchAll(/@deviates ((?:.|\n \* (?!@))*?)(?=\s*\*\/|\n \* @|\n \*\n)/g)];
    return notes.map(([, note = '']) => `- \`src-sim/${file}\`: ${note.replace(/\s*\n\s*\*\s*/g, ' ').trim()}`);
  });
}

function sorted(counters: object): readonly [string, unknown][] {
  return Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sum(rows: readonly Tally[], of: (row: Tally) => number): number {
  return rows.reduce((total, next) => total + of(next), 0);
}

function percent(part: number, of: number): string {
  return of === 0 ? '–' : `${((100 * part) / of).toFixed(part === of ? 0 : 2)} %`;
}
