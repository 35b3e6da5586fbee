/** A million connections at once: what they take of memory, and what it costs that they expire. */
import { spawnSync } from 'node:child_process';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import type { ScenarioPacket } from '../src-sim/sim/scenario';
import { verdicts } from '../src-sim/sim/verdicts';
import { header, megabytes, percentile, row, thousands, times, title } from './report';
import { linearRuleset } from './rulesets';

const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 1_000_000);
const PROBES = 100_000;
const LAP = 1_000;

const { rules, host, services } = linearRuleset(100);
const [service] = services;
if (service === undefined) throw new Error('no service');
const { address, port } = service;
const ruleset = lower(createDocument(rules).tree);

function segment(number: number, isAnswer: boolean, flags: string): ScenarioPacket {
  // Joined, an address is one string, as where it was read from JSON; pieced together, V8 keeps the pieces too.
  const client = [198, 18 + ((number >> 16) & 1), (number >> 8) & 255, number & 255].join('.');
  const clientPort = 1024 + (number >> 17);
  const ends = isAnswer
    ? { in: 'eth1', src: address, dst: client, sport: port, dport: clientPort, seq: 5000, ack: 1001 }
    : { in: 'eth0', src: client, dst: address, sport: clientPort, dport: port };
  const numbers = isAnswer ? {} : { seq: flags === 'S' ? 1000 : 1001, ack: flags === 'S' ? 0 : 5001 };
  return { ...ends, ...numbers, proto: 'tcp', flags };
}

/** Every connection is opened and established; then probes go along one of them; then all are left to expire. */
function* packets(connections: number): Generator<ScenarioPacket> {
  for (let number = 0; number < connections; number += 1) {
    yield segment(number, false, 'S');
    yield segment(number, true, 'SA');
    yield segment(number, false, 'A');
  }
  for (let probe = 0; probe < PROBES; probe += 1) yield { ...segment(0, false, 'A'), wait: 0.001 };
  yield { ...segment(0, false, 'A'), wait: 500_000 };
}

interface Cost {
  readonly held: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Nanoseconds. */
  readonly probe: number;
  readonly expiry: number;
}

function measure(connections: number): Cost {
  const established = 3 * connections;
  const marks: number[] = [];
  let memory = { heapBytes: 0, residentBytes: 0 };
  let held = 0;
  let seen = 0;
  verdicts(ruleset, { host }, packets(connections), {
    observe({ table }) {
      seen += 1;
      if (seen === established) {
        // As it is: the garbage collector is left to its own devices.
        const { heapUsed, rss } = process.memoryUsage();
        memory = { heapBytes: heapUsed, residentBytes: rss };
        held = table.size;
      }
      if (seen >= established && (seen - established) % LAP === 0) marks.push(performance.now());
      if (seen > established + PROBES) marks.push(performance.now());
    },
  });
  const laps = marks.slice(1).map((mark, at) => mark - (marks[at] ?? mark));
  const expiry = laps.pop() ?? 0;
  return { held, ...memory, probe: (percentile(laps, 0.5) * 1e6) / LAP, expiry: (expiry * 1e6) / connections };
}

/** In a process of its own, with the heap that Node gives to anybody. */
function measureApart(connections: number): Cost {
  const script = process.argv[1] ?? '';
  const { stdout, status } = spawnSync(process.execPath, [script, String(connections)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the process ended with ${status}`);
  return JSON.parse(stdout);
}

function tell(): void {
  title('Connections held at once');
  header('connections', 'heap', 'resident', 'ns a packet while they are held', 'ns for each that expires');
  const costs = [CONNECTIONS / 100, CONNECTIONS].map(measureApart);
  for (const { held, heapBytes, residentBytes, probe, expiry } of costs) {
    row(thousands(held), megabytes(heapBytes), megabytes(residentBytes), thousands(probe), thousands(expiry));
  }
  const [few, many] = costs;
  if (few && many)
    console.log(`\nA packet among 100 times as many connections costs ${times(many.probe / few.probe)}.`);
}

const asked = Number(process.argv[2] ?? 0);
if (asked > 0) process.stdout.write(JSON.stringify(measure(asked)));
else tell();
