/** A packet's end in a sign, a word and one line of why. */
import type { Fate, PacketResult, Step } from '../../../src-sim/sim/trace';
import { answeredPacket, type Exchange, entryOf, ownFrame } from './flow';
import { endpointText } from './packet-words';
import { decidingStep } from './step-rows';
import { dotted, type Tone, toned, type Words } from './tone';

export interface Outcome {
  readonly sign: string;
  readonly word: string;
  readonly tone: Tone;
}

export function outcomeOf(fate: Fate): Outcome {
  switch (fate.kind) {
    case 'sent':
      return { sign: '✓', word: fate.device, tone: 'accepted' };
    case 'delivered':
      return { sign: '✓', word: 'local', tone: 'accepted' };
    case 'held':
      return { sign: '…', word: 'held', tone: 'quiet' };
    case 'done':
      return { sign: '✓', word: 'done', tone: 'quiet' };
    case 'dropped':
    case 'rejected':
      return { sign: '✕', word: fate.kind, tone: 'dropped' };
  }
}

/** For a reader who cannot see the sign. */
export function outcomeSentence(fate: Fate): string {
  switch (fate.kind) {
    case 'sent':
      return `sent by ${fate.device}`;
    case 'delivered':
      return `delivered to ${fate.to}`;
    case 'held':
      return `held: ${fate.reason}`;
    case 'done':
      return fate.text;
    case 'dropped':
    case 'rejected':
      return `${fate.kind} at ${fate.where}`;
  }
}

/** `reply of 1 · ESTABLISHED · FORWARD 1 accepts` */
export function whyWords(exchanges: readonly Exchange[], index: number): Words {
  const exchange = exchanges[index];
  if (exchange === undefined) return [];
  const { result } = exchange;
  const answered = answeredPacket(exchanges, index);
  const rewritten = answered === undefined ? rewriteWords(exchange) : [];
  return dotted([
    result.fate.kind === 'held' ? [result.fate.reason] : [],
    answered === undefined ? [] : [`reply of ${answered + 1}`],
    rewritten,
    stateWords(exchange),
    decisionWords(result.steps, result.fate),
    result.steps.some(({ kind }) => kind === 'ipvs') ? [toned('rewritten', 'IPVS'), ' hands it on'] : [],
    afterWords(result),
    result.unsure.length > 0 ? [toned('why', 'not sure')] : [],
  ]);
}

/** How a new flow is translated; the packets after the first go as it went. */
function rewriteWords({ packet, result }: Exchange): Words {
  if (!result.steps.some((step) => step.kind === 'conntrack' && step.change === 'created')) return [];
  const frame = result.fate.kind === 'sent' ? ownFrame(packet, result, result.fate.device) : undefined;
  const reply = entryOf(packet, result)?.reply;
  const destination = frame ? endpointText(frame.dst, frame.dport) : reply && endpointText(reply.src, reply.sport);
  const source = frame && endpointText(frame.src, frame.sport);
  return dotted([
    destination === undefined || destination === endpointText(packet.dst, packet.dport) || packet.icmp
      ? []
      : [toned('rewritten', 'DNAT'), ` to ${destination}`],
    source === undefined || source === endpointText(packet.src, packet.sport)
      ? []
      : [toned('rewritten', 'SNAT'), ` to ${source}`],
  ]);
}

/** NEW is what a first packet is anyway: only the other states are worth a word. */
function stateWords({ packet, result }: Exchange): Words {
  const step = result.steps.find((candidate) => candidate.kind === 'conntrack');
  if (step?.kind !== 'conntrack' || step.state === 'NEW') return [];
  const assured = entryOf(packet, result)?.flags.includes('[ASSURED]') ? ' [ASSURED]' : '';
  return [toned('conntrack', step.state), assured];
}

const DECISIONS: Readonly<Record<string, string>> = { ACCEPT: 'accepts', DROP: 'drops', REJECT: 'rejects' };

/** `FORWARD 1 accepts`, `INPUT policy drops`, `raw PREROUTING 2 drops`, or the part of the stack that ended it. */
function decisionWords(steps: readonly Step[], fate: Fate): Words {
  const lost = fate.kind === 'dropped' || fate.kind === 'rejected';
  if (lost && !/^(raw|mangle|nat|filter|security):/.test(fate.where)) return [fate.reason];
  const step = steps[decidingStep(steps)];
  if (step === undefined || (step.kind !== 'rule' && step.kind !== 'policy') || !('verdict' in step)) return [];
  const does = DECISIONS[step.verdict];
  if (does === undefined) return [];
  const table = step.table === 'filter' ? '' : `${step.table} `;
  return [`${table}${step.chain} ${step.kind === 'policy' ? 'policy' : step.number} ${does}`];
}

function afterWords({ fate, made, steps }: PacketResult): Words {
  if (fate.kind !== 'dropped' && fate.kind !== 'rejected') return [];
  if (made.length > 0) return [`${made.map(({ what }) => what).join(', ')} sent back`];
  const created = steps.some((step) => step.kind === 'conntrack' && step.change === 'created');
  return created ? ['no entry is left behind'] : [];
}
