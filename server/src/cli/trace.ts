/** `chainwalk trace FILE 'PACKET'…`: the way of packets through a ruleset, for a person. */
import { resolve } from 'node:path';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { parsePacketLine } from '../../../src-sim/sim/packet-line';
import {
  type Assumptions,
  type HostDescription,
  isCommand,
  type Scenario,
  type ScenarioPacket,
  type ScenarioStep,
} from '../../../src-sim/sim/scenario';
import { createDocument } from '../analysis/document';
import type { Hints } from '../analysis/hints';
import { isRecord, readHost } from '../analysis/host-setting';
import { lower } from '../analysis/lower';
import { runDocument } from '../analysis/run-scenario';
import { suggestHost } from '../analysis/suggest-host';
import { suggestPackets } from '../features/suggest-packets';
import { surroundedHints } from '../project/surrounded-hints';
import { readSurroundings } from '../surroundings/surroundings';
import { printable } from './style';
import type { Terminal } from './terminal';
import { traceText } from './trace-text';

export interface TraceRequest {
  readonly file: string;
  /** As parsePacketLine reads them, or `conntrack -D …`; none: the packet that the ruleset itself suggests. */
  readonly packets: readonly string[];
  /** A JSON file that holds a host as a scenario does. */
  readonly hostFile?: string;
  /** Long runs of rules that do not match, too. */
  readonly showAll: boolean;
  /** `cpu=yes`, `filter:INPUT:3=no`, `CLUSTERIP=drop`: what is taken where the simulator cannot decide. */
  readonly assume: readonly string[];
}

/** @returns 0, or 2 where something could not be read or iptables-restore would refuse the file. */
export async function traceFile(request: TraceRequest, terminal: Terminal): Promise<number> {
  try {
    return await run(request, terminal);
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : String(error));
    return 2;
  }
}

async function run(request: TraceRequest, terminal: Terminal): Promise<number> {
  const { file } = request;
  const document = createDocument(await terminal.readFile(file), { fileName: file });
  const hints = surroundedHints(document, undefined, await readSurroundings(resolve(file), document));
  const scenario = await scenarioFor(request, lower(document.tree), hints, terminal);
  const result = runDocument(document, scenario);
  if (!result.load.ok) {
    terminal.complain(`${printable(file)}:${printable(result.load.error)}`);
    return 2;
  }
  const look = { color: terminal.color, showAll: request.showAll };
  await terminal.write(traceText(document, scenario.packets, result, look));
  return 0;
}

interface Traced extends Pick<Scenario, 'host' | 'assume'> {
  readonly packets: readonly ScenarioStep[];
}

/** What is asked for, and what the ruleset suggests where nothing is. */
async function scenarioFor(request: TraceRequest, ruleset: Ruleset, hints: Hints, terminal: Terminal): Promise<Traced> {
  const packets = request.packets.map(readStep);
  const assume = Object.fromEntries(request.assume.map(readAssumption));
  const { hostFile } = request;
  const host = hostFile === undefined ? suggestHost(ruleset, hints) : await readHostFile(hostFile, terminal);
  if (packets.length > 0) return { packets, assume, host: { ...host, listen: host.listen ?? socketsFor(packets) } };
  const suggestion = suggestPackets(ruleset, host, hints);
  return { assume, host: suggestion.host, packets: suggestion.packets.slice(0, 1) };
}

/** Where nobody says what the host listens at, it listens where the packets go. */
function socketsFor(steps: readonly ScenarioStep[]): readonly string[] {
  const packets = steps.flatMap((step) => (isCommand(step) ? [] : [step]));
  return packets.flatMap(({ out, proto, dport }) => (out || dport === undefined ? [] : [`${proto}/${dport}`]));
}

function readStep(text: string): ScenarioStep {
  const [, command] = /^\s*conntrack\s+(.*)$/.exec(text) ?? [];
  return command === undefined ? readPacket(text) : { conntrack: command };
}

const ASSUMED = { yes: true, no: false, accept: 'accept', drop: 'drop', continue: 'continue' } as const;

function readAssumption(text: string): readonly [what: string, taken: Assumptions[string]] {
  const [what = '', taken = ''] = text.split('=');
  if (what === '' || !Object.hasOwn(ASSUMED, taken)) throw new Error(`not such as cpu=yes or CLUSTERIP=drop: ${text}`);
  return [what, ASSUMED[taken as keyof typeof ASSUMED]];
}

function readPacket(text: string): ScenarioPacket {
  const line = parsePacketLine(text);
  if (!line.ok) throw new Error(`packet "${printable(text)}", character ${line.offset + 1}: ${line.error}`);
  return line.packet;
}

async function readHostFile(path: string, terminal: Terminal): Promise<HostDescription> {
  const value: unknown = JSON.parse(await terminal.readFile(path));
  if (!isRecord(value)) throw new Error(`${path}: a host is a JSON object`);
  return readHost(value);
}
