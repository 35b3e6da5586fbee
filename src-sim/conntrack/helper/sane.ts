import { PROTOCOL } from '../../net/protocol';
import { type Helper, isEstablished, NOTHING, oneHost, payloadText, remembered } from './define';

/** @see SANE Standard, network protocol: SANE_NET_START, and what answers it. */
const START = 7;
const REQUEST_BYTES = 8;
const REPLY_BYTES = 8;

export const sane: Helper = {
  name: 'sane',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  port: 6566,
  summary: 'the data connections of scanners (SANE)',
  kernel: 'net/netfilter/nf_conntrack_sane.c:help',
  policy: { most: 1, timeoutSeconds: 300 },
  read(packet, flow) {
    const text = payloadText(packet);
    if (!isEstablished(flow) || text === undefined) return NOTHING;
    const dialogue = remembered(flow, () => ({ startRequested: false }));
    if (flow.direction === 'original') {
      if (text.length === REQUEST_BYTES) dialogue.startRequested = numberAt(text, 0) === START;
      return NOTHING;
    }
    const answersStart = dialogue.startRequested;
    dialogue.startRequested = false;
    if (!answersStart || text.length < REPLY_BYTES || numberAt(text, 0) !== 0) return NOTHING;
    const [zero, port] = [numberAt(text, 4) >>> 16, numberAt(text, 4) & 0xffff];
    if (zero !== 0) return NOTHING;
    const { src, dst } = flow.entry.original;
    const tuple = { src, dst, protocol: PROTOCOL.tcp, sport: 0, dport: port };
    return { kind: 'expects', announced: [{ tuple, mask: oneHost(packet.family) }] };
  },
};

function numberAt(text: string, at: number): number {
  return [0, 1, 2, 3].reduce((value, offset) => (value << 8) | (text.charCodeAt(at + offset) & 255), 0);
}
