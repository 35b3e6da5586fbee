/** `chainwalk trace FILE 'PACKET'…`: the way of packets through a ruleset, for a person. */
import { parsePacketLine } from '../../../src-sim/sim/packet-line';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { createDocument } from '../analysis/document';
import { readHints } from '../analysis/hints';
import { isRecord, readHost } from '../analysis/host-setting';
import { simulate } from '../features/simulation';
import { readIpvsadmBeside } from '../lsp/ipvsadm-file';
import { printable } from './style';
import type { Terminal } from './terminal';
import { traceText } from './trace-text';

export interface TraceRequest {
  readonly file: string;
  /** As parsePacketLine reads them; none: the packet that the ruleset itself suggests. */
  readonly packets: readonly string[];
  /** A JSON file that holds a host as a scenario does. */
  readonly hostFile?: string;
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

async function run({ file, packets: lines, hostFile }: TraceRequest, terminal: Terminal): Promise<number> {
  const document = createDocument(await terminal.readFile(file), { fileName: file });
  const ipvsadm = await readIpvsadmBeside(terminal.fileUri(file));
  const host = hostFile === undefined ? undefined : await readHostFile(hostFile, terminal);
  const packets = lines.map(readPacket);
  const answer = simulate(
    document,
    { ...(host && { host }), ...(packets.length > 0 && { packets }) },
    0,
    readHints(document, undefined, ipvsadm),
  );
  const { load } = answer.result;
  await terminal.write(traceText(answer, terminal.color));
  if (load.ok) return 0;
  const why = answer.result.packets.length > 0 ? 'iptables-restore would not load this file' : 'cannot be run';
  terminal.complain(`${printable(file)}:${printable(load.error)} (${why})`);
  return 2;
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
