import { PROTOCOL } from '../../net/protocol';
import { type Announcement, type Helper, NOTHING, oneHost, payloadText } from './define';

const STREAMS = ['DATA ', 'MESG ', 'INDEX ', 'STATE '] as const;
/** An answer may take its time. @kernel …_amanda.c:master_timeout */
const MASTER_SECONDS = 300;

export const amanda: Helper = {
  name: 'amanda',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.udp],
  port: 10_080,
  summary: 'the streams of the backup system Amanda',
  kernel: 'net/netfilter/nf_conntrack_amanda.c:amanda_help',
  policy: { most: 4, timeoutSeconds: 180 },
  read(packet, { entry, direction }) {
    if (direction === 'original') return NOTHING;
    const text = payloadText(packet) ?? '';
    const start = text.indexOf('CONNECT ');
    const stop = start === -1 ? -1 : text.indexOf('\n', start);
    const { src, dst } = entry.original;
    const announced: Announcement[] = [];
    for (const stream of stop === -1 ? [] : STREAMS) {
      const found = text.slice(0, stop).indexOf(stream, start + 'CONNECT '.length);
      if (found === -1) continue;
      const at = found + stream.length;
      const digits = /^[0-9]*/.exec(text.slice(at, Math.min(stop, at + LONGEST_PORT)))?.[0] ?? '';
      const port = Number(digits || '0') & 0xffff;
      if (port === 0) break;
      const place = { at, length: digits.length, write: (_: string, free: number) => String(free) };
      const tuple = { src, dst, protocol: PROTOCOL.tcp, sport: 0, dport: port };
      announced.push({ tuple, mask: oneHost(packet.family), nat: { direction: 'original', place } });
    }
    return { kind: 'expects', announced, refreshSeconds: MASTER_SECONDS };
  },
};

const LONGEST_PORT = 5;
