import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFromValue } from '../src-sim/net/address';
import { PROTOCOL } from '../src-sim/net/protocol';
import { parsePacketLine, printPacketLine } from '../src-sim/sim/packet-line';
import type { ScenarioIcmp, ScenarioPacket } from '../src-sim/sim/scenario';

const WIRE = { src: '198.51.100.7', dst: '203.0.113.1' };

describe('parsePacketLine', () => {
  const inner = { proto: 'tcp', src: '203.0.113.1', sport: 80, dst: '198.51.100.7', dport: 40000, flags: 'A' };
  it.each<[string, ScenarioPacket]>([
    [
      'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S seq=1 win=8192',
      { in: 'eth0', proto: 'tcp', ...WIRE, sport: 40000, dport: 22, flags: 'S', seq: 1, win: 8192 },
    ],
    [
      'out udp 203.0.113.1:5353 > 8.8.8.8:53 len=20',
      { out: true, proto: 'udp', src: '203.0.113.1', sport: 5353, dst: '8.8.8.8', dport: 53, payload: 20 },
    ],
    [
      'in eth0 icmp 198.51.100.7 > 203.0.113.1 echo-request id=7 seq=1',
      { in: 'eth0', proto: 'icmp', ...WIRE, icmp: { type: 8, id: 7, seq: 1 } },
    ],
    [
      'in eth0 icmp 198.51.100.7 > 203.0.113.1 3/4 mtu=1400 ( tcp 203.0.113.1:80 > 198.51.100.7:40000 A ) wait=31',
      { in: 'eth0', proto: 'icmp', ...WIRE, icmp: { type: 3, code: 4, mtu: 1400, inner }, wait: 31 },
    ],
    [
      'in eth0 tcp [2001:db8::7]:40000 > [2001:DB8:0::1]:443 S. mss=1460 wscale=7 sackok',
      {
        in: 'eth0',
        proto: 'tcp',
        src: '2001:db8::7',
        sport: 40000,
        dst: '2001:db8::1',
        dport: 443,
        flags: 'SA',
        mss: 1460,
        wscale: 7,
        sackok: true,
      },
    ],
    [
      'in eth0 icmpv6 fe80::2 > ff02::1 neighbor-solicitation ttl=255',
      { in: 'eth0', proto: 'icmpv6', src: 'fe80::2', dst: 'ff02::1', icmp: { type: 135 }, ttl: 255 },
    ],
    [
      'out 50 10.0.0.1 > 10.0.0.2 tos=0xb8 id=9 df frag=8@185+',
      {
        out: true,
        proto: 50,
        src: '10.0.0.1',
        dst: '10.0.0.2',
        tos: 0xb8,
        id: 9,
        df: true,
        frag: { offset: 185, more: true, size: 8 },
      },
    ],
    ['in eth0 tcp 198.51.100.7:1 > 203.0.113.1:2 [P.]', tcpWith('PA')],
    ['in eth0 tcp 198.51.100.7:1 > 203.0.113.1:2 F.', tcpWith('FA')],
    ['in eth0 tcp 198.51.100.7:1 > 203.0.113.1:2 .', tcpWith('A')],
    ['in eth0 tcp 198.51.100.7:1 > 203.0.113.1:2 none', tcpWith('')],
    [
      'in eth0 udp 198.51.100.7:1 > 203.0.113.1:2 data="GET \\"(x)\\""',
      { in: 'eth0', proto: 'udp', ...WIRE, sport: 1, dport: 2, payload: 'GET "(x)"' },
    ],
    [
      'in eth0 icmp 198.51.100.7 > 203.0.113.1 echo-reply id=7 ipid=9 mac_src=02:00:00:00:00:0A',
      { in: 'eth0', proto: 'icmp', ...WIRE, icmp: { type: 0, id: 7 }, id: 9, mac_src: '02:00:00:00:00:0a' },
    ],
  ])('%s', (line, packet) => {
    expect(parsePacketLine(line)).toEqual({ ok: true, packet });
  });

  it.each([
    ['', 0, /"in INTERFACE" or "out"; the line ends/],
    ['eth0 tcp', 0, /"in INTERFACE" or "out"; found "eth0"/],
    ['in', 2, /the interface/],
    ['in eth0 tpc', 8, /a protocol.*found "tpc"/],
    ['out tcp 10.0.0.256:1 > 10.0.0.1:2', 8, /source address/],
    ['out tcp 10.0.0.2:1 10.0.0.1:2', 19, /">"; found "10.0.0.1:2"/],
    ['out tcp 10.0.0.2:1 > [2001:db8::1]:2', 21, /IPv4 destination address/],
    ['out tcp 10.0.0.2:70000 > 10.0.0.1:2', 8, /source address/],
    ['out icmp 10.0.0.2:8 > 10.0.0.1', 9, /without a port/],
    ['out icmp 10.0.0.2 > 10.0.0.1', 28, /an ICMP type/],
    ['out icmp 10.0.0.2 > 10.0.0.1 3/400', 29, /an ICMP type/],
    ['out tcp 10.0.0.2:1 > 10.0.0.1:2 SX', 32, /TCP flags.*one of seq ack win/],
    ['out tcp 10.0.0.2:1 > 10.0.0.1:2 S A', 34, /TCP flags/],
    ['out tcp 10.0.0.2:1 > 10.0.0.1:2 ttl=256', 32, /ttl=NUMBER/],
    ['out tcp 10.0.0.2:1 > 10.0.0.1:2 ttl', 32, /ttl=NUMBER/],
    ['out udp 10.0.0.2:1 > 10.0.0.1:2 S', 32, /one of id len/],
    ['out udp 10.0.0.2:1 > 10.0.0.1:2 data="x', 32, /data="TEXT"/],
    ['out icmp 10.0.0.2 > 10.0.0.1 3/3 ( udp 10.0.0.1:1 > 10.0.0.2:2', 62, /"\)"; the line ends/],
    ['out udp 10.0.0.2:1 > 10.0.0.1:2 )', 32, /the end of the line/],
  ])('refuses "%s" at %i', (line, offset, error) => {
    expect(parsePacketLine(line)).toMatchObject({ ok: false, offset, error: expect.stringMatching(error) });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...WORDS)), { maxLength: 40 }), (words) => {
        parsePacketLine(words.join(' '));
      }),
    );
    parsePacketLine(`out icmp 10.0.0.2 > 10.0.0.1 3 ${'( icmp 10.0.0.2 > 10.0.0.1 3 '.repeat(100_000)}`);
  });
});

describe('printPacketLine', () => {
  it('is undone by reading', () => {
    fc.assert(
      fc.property(topPacket(), (packet) => {
        expect(parsePacketLine(printPacketLine(packet))).toEqual({ ok: true, packet });
      }),
    );
  });

  it('writes names that people know', () => {
    const packet: ScenarioPacket = { in: 'eth0', proto: 'icmp', ...WIRE, icmp: { type: 3, code: 3 } };
    expect(printPacketLine(packet)).toBe('in eth0 icmp 198.51.100.7 > 203.0.113.1 port-unreachable');
  });
});

const WORDS = [
  'in',
  'out',
  'eth0',
  'tcp',
  'icmp',
  '10.0.0.1:1',
  '10.0.0.1',
  '>',
  'S',
  '(',
  ')',
  '3/4',
  'len=1',
  '[::]',
];

function tcpWith(flags: string): ScenarioPacket {
  return { in: 'eth0', proto: 'tcp', ...WIRE, sport: 1, dport: 2, flags };
}

function topPacket(): fc.Arbitrary<ScenarioPacket> {
  const direction = fc.oneof(
    fc.constant({ out: true }),
    fc.constantFrom('eth0', 'br-lan', 'wg0.5').map((name) => ({ in: name })),
  );
  return fc.tuple(direction, packetOf(2)).map(([way, packet]) => ({ ...way, ...packet }));
}

function packetOf(depth: number): fc.Arbitrary<ScenarioPacket> {
  const address = (bits: 32 | 128) =>
    fc.bigInt(0n, (1n << BigInt(bits)) - 1n).map((value) => addressFromValue(value, bits === 32 ? 'ipv4' : 'ipv6'));
  const pair = fc
    .constantFrom<32 | 128>(32, 128)
    .chain((bits) => fc.record({ src: address(bits), dst: address(bits) }));
  return fc.tuple(pair, transport(depth), common()).map(([ends, above, rest]) => ({ ...ends, ...above, ...rest }));
}

type Above = Pick<ScenarioPacket, 'proto'> & Partial<ScenarioPacket>;

const NONE_REQUIRED = { requiredKeys: [] as [] };
const UINT16 = fc.nat(65_535);
const UINT32 = fc.nat(4_294_967_295);

function transport(depth: number): fc.Arbitrary<Above> {
  const ports = fc.record({ sport: UINT16, dport: UINT16 }, NONE_REQUIRED);
  const portful = fc.constantFrom<(string | number)[]>('udp', 'dccp', PROTOCOL.udplite);
  return fc.oneof<fc.Arbitrary<Above>[]>(
    fc.tuple(ports, tcp()).map(([ends, rest]) => ({ proto: 'tcp', ...ends, ...rest })),
    fc.tuple(ports, sctp()).map(([ends, rest]) => ({ proto: 'sctp', ...ends, ...rest })),
    fc.tuple(portful, ports).map(([proto, ends]) => ({ proto, ...ends })),
    fc.tuple(fc.constantFrom('icmp', 'icmpv6'), icmp(depth)).map(([proto, message]) => ({ proto, icmp: message })),
    fc.constantFrom<(string | number)[]>('gre', 'esp', 99).map((proto) => ({ proto })),
  );
}

function tcp(): fc.Arbitrary<Partial<ScenarioPacket>> {
  const flags = fc.subarray([...'FSRPAUEC']).map((letters) => letters.join(''));
  const fields = {
    flags,
    seq: UINT32,
    ack: UINT32,
    win: UINT16,
    mss: UINT16,
    wscale: fc.nat(14),
    sackok: fc.boolean(),
  };
  return fc.record(fields, NONE_REQUIRED);
}

function sctp(): fc.Arbitrary<Partial<ScenarioPacket>> {
  return fc.record({ chunk: fc.nat(255), vtag: UINT32, itag: UINT32 }, NONE_REQUIRED);
}

function icmp(depth: number): fc.Arbitrary<ScenarioIcmp> {
  const numbers = {
    type: fc.nat(255),
    code: fc.nat(255),
    id: UINT16,
    seq: UINT16,
    mtu: UINT16,
    truncate: fc.boolean(),
  };
  const message = fc.record(numbers, { requiredKeys: ['type'] });
  if (depth === 0) return message;
  return fc.oneof(
    message,
    fc.tuple(message, packetOf(depth - 1)).map(([outer, inner]) => ({ ...outer, inner })),
  );
}

function common(): fc.Arbitrary<Partial<ScenarioPacket>> {
  const mac = fc.array(fc.nat(255), { minLength: 6, maxLength: 6 }).map(macText);
  const frag = fc.record({ offset: fc.nat(8191), more: fc.boolean(), size: UINT16 }, { requiredKeys: ['offset'] });
  const seconds = fc.double({ min: 0, max: 1e6, noNaN: true }).map(Math.abs);
  return fc.record(
    {
      payload: fc.oneof(UINT16, fc.string()),
      ttl: fc.nat(255),
      tos: fc.nat(255),
      id: UINT16,
      df: fc.boolean(),
      frag,
      mac_src: mac,
      mac_dst: mac,
      wait: seconds,
    },
    NONE_REQUIRED,
  );
}

function macText(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
