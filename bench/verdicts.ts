/** Verdicts a second: learnt ways and compiled chains against the plain walk, on the same packets in the same run. */
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import { PacketColumns } from '../src-sim/sim/packet-columns';
import type { HostDescription, ScenarioPacket } from '../src-sim/sim/scenario';
import { type VerdictOptions, verdicts } from '../src-sim/sim/verdicts';
import { header, percentile, row, thousands, times, title } from './report';
import {
  type Generated,
  kubeProxyRuleset,
  linearRuleset,
  RULES_OF_KUBE_SERVICE,
  tcpTraffic,
  udpTraffic,
} from './rulesets';

const PACKETS = Number(process.env.BENCH_PACKETS ?? 1_000_000);
/** The plain walk tests this many rules in all, and no fewer packets than these. */
const PLAIN_RULE_TESTS = 10_000_000;
const FEWEST_PACKETS = 5_000;
const LAP = 10_000;

interface Speed {
  /** Packets for each second of a core's time, over the whole run, compilation and garbage collection included. */
  readonly mean: number;
  /** In the quickest tenth of the laps: without what compiles the program, and with what is in the caches. */
  readonly best: number;
}

function measure(
  ruleset: Ruleset,
  host: HostDescription,
  packets: PacketColumns,
  walk: VerdictOptions['walk'] & string,
): Speed {
  const lapLength = Math.min(LAP, packets.length / 5);
  const laps: number[] = [];
  let seen = 0;
  globalThis.gc?.();
  const begin = coreTime();
  let lapBegin = begin;
  verdicts(ruleset, { host }, packets, {
    walk,
    observe() {
      seen += 1;
      if (seen % lapLength !== 0) return;
      const now = coreTime();
      laps.push((now - lapBegin) / lapLength);
      lapBegin = now;
    },
  });
  return { mean: (packets.length / (coreTime() - begin)) * 1000, best: 1000 / percentile(laps, 0.1) };
}

/** Milliseconds of cores that this process took, its garbage collector and compiler included. */
function coreTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function compare(
  name: string,
  generated: Generated,
  traffic: (generated: Generated, packets: number) => readonly ScenarioPacket[],
  /** How many of the rules a NEW packet walks past, on the whole. */
  rulesWalked: number,
): void {
  const ruleset = lower(createDocument(generated.rules).tree);
  // A million packets as objects are gone by then: the collector would look through them again and again.
  const speed = (walk: VerdictOptions['walk'] & string, packets: number) =>
    measure(ruleset, generated.host, PacketColumns.of(traffic(generated, PACKETS).slice(0, packets)), walk);
  const learnt = speed('learnt', PACKETS);
  const compiled = speed('compiled', Math.ceil(PACKETS / 5));
  const plain = speed('plain', Math.max(FEWEST_PACKETS, Math.min(PACKETS, PLAIN_RULE_TESTS / rulesWalked)));
  const speeds = [learnt.mean, learnt.best, compiled.mean, plain.mean].map(thousands);
  row(name, ...speeds, times(learnt.mean / plain.mean));
}

title('Verdicts');
header('ruleset', 'learnt ways: packets/s', 'in their best laps', 'compiled walk', 'plain walk', 'learnt : plain');
for (const rules of [100, 1_000, 10_000]) {
  const generated = linearRuleset(rules);
  compare(`${thousands(rules)} rules in one chain`, generated, tcpTraffic, rules / 20);
}
for (const rules of [1_000, 10_000, 100_000]) {
  const services = Math.round(rules / RULES_OF_KUBE_SERVICE);
  const generated = kubeProxyRuleset(services);
  compare(`kube-proxy, ${thousands(rules)} rules`, generated, udpTraffic, services / 20);
}
