import { PROTOCOL } from '../../net/protocol';
import { type Helper, NOTHING, oneHost, payloadText } from './define';

/** Opcodes that ask for a file, or offer one. @see RFC 1350 §5 */
const READ = 1;
const WRITE = 2;
const OPCODE_BYTES = 2;

export const tftp: Helper = {
  name: 'tftp',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.udp],
  port: 69,
  summary: 'the transfers of TFTP, which come from another port of the server',
  kernel: 'net/netfilter/nf_conntrack_tftp.c:tftp_help',
  policy: { most: 1, timeoutSeconds: 300 },
  read(packet, { entry }) {
    const text = payloadText(packet) ?? '';
    const opcode = text.length < OPCODE_BYTES ? 0 : (text.charCodeAt(0) << 8) | text.charCodeAt(1);
    if (opcode !== READ && opcode !== WRITE) return NOTHING;
    const { src, dst, dport } = entry.reply;
    const tuple = { src, dst, protocol: PROTOCOL.udp, sport: 0, dport };
    const nat = { direction: 'reply', port: entry.original.sport } as const;
    return { kind: 'expects', announced: [{ tuple, mask: oneHost(packet.family), nat }] };
  },
};
