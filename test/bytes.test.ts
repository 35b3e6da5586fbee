/** Packets as bytes: held to frames that another program built, which the kernel took. */
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../src-sim/net/bytes';
import { findIpv6Header, upperProtocol } from '../src-sim/net/ipv6-header';
import type { Packet } from '../src-sim/net/packet';
import { makePacket } from '../src-sim/sim/make-packet';
import { parsePacketLine } from '../src-sim/sim/packet-line';

const FRAMES: readonly (readonly [line: string, bytes: readonly string[]])[] = [
  [
    'in eth0 tcp [2001:db8::7]:20892 > [2001:db8:1::2]:5608 PAC seq=3774472248 ack=3956088670 win=51768 len=0 ttl=172 tos=0x20',
    [
      '62000000001406ac20010db800000000000000000000000720010db8000100000000000000000002519c15e8e0f9e038',
      'ebcd1f5e5098ca3855b50000',
    ],
  ],
  [
    'in eth0 gre 2001:db8::7 > 2001:db8:1::2 len=1 ttl=40 tos=0x15',
    ['6150000000052f2820010db800000000000000000000000720010db80001000000000000000000020000080078'],
  ],
  [
    'in eth0 icmpv6 2001:db8::7 > 2001:db8:1::2 3/4 mtu=57047 truncate ttl=81 tos=0xbd ( tcp [2001:db8:1::2]:5 > [2001:db8::7]:6 len=0 )',
    [
      '6bd0000000383a5120010db800000000000000000000000720010db80001000000000000000000020304005a0000ded7',
      '600000000014064020010db800010000000000000000000220010db80000000000000000000000070005000600000000',
    ],
  ],
  [
    'in eth0 udplite [2001:db8::7]:57465 > [2001:db8:1::2]:22188 len=1 ttl=173 tos=0x72',
    ['67200000000988ad20010db800000000000000000000000720010db8000100000000000000000002e07956ac0009f4c2', '78'],
  ],
  [
    'in eth0 sctp [2001:db8::7]:15625 > [2001:db8:1::2]:22452 chunk=14 vtag=3954604468 itag=1719179043 ttl=51 tos=0x3e',
    [
      '63e000000020843320010db800000000000000000000000720010db80001000000000000000000023d0957b4ebb679b4',
      '04b3036f0e000014667897230000ffff0001000100000001',
    ],
  ],
  [
    'in eth0 udp [2001:db8::7]:29417 > [2001:db8:1::2]:55817 len=0 ttl=206 tos=0xd9',
    ['6d900000000811ce20010db800000000000000000000000720010db800010000000000000000000272e9da090008576f'],
  ],
  [
    'in eth0 89 198.51.100.7 > 203.0.113.1 id=43628 ttl=130 tos=0x8a',
    ['458a0024aa6c00008259274ec6336407cb00710100000000000000000000000000000000'],
  ],
  [
    'in eth0 udp 198.51.100.7:53881 > 203.0.113.1:58175 id=10165 len=7 ttl=114 tos=0x99 df',
    ['4599002327b5400072117a3fc6336407cb007101d279e33f000f027078787878787878'],
  ],
  [
    'in eth0 icmpv6 2001:db8::7 > 2001:db8:1::2 8/0 id=59362 seq=17022 len=7 ttl=32 tos=0x71',
    [
      '67100000000f3a2020010db800000000000000000000000720010db80001000000000000000000020800906fe7e2427e',
      '78787878787878',
    ],
  ],
  [
    'in eth0 sctp 198.51.100.7:51012 > 203.0.113.1:29287 chunk=11 vtag=4147760321 itag=3144946497 id=23282 ttl=103 tos=0xbb df',
    ['45bb00345af240006784515cc6336407cb007101c7447267f739ccc1f1ff4b0a0b000014bb7413410000ffff00010001', '00000001'],
  ],
  [
    'in eth0 gre 198.51.100.7 > 203.0.113.1 id=48685 len=1 ttl=31 tos=0x6c df',
    ['456c0019be2d40001f2f36e0c6336407cb0071010000080078'],
  ],
  [
    'in eth0 icmp 198.51.100.7 > 203.0.113.1 8/0 id=55274 seq=43615 ipid=8952 len=0 ttl=22 tos=0x9a df',
    ['459a001c22f840001601db12c6336407cb007101080075b5d7eaaa5f'],
  ],
  [
    'in eth0 udp 198.51.100.7:11241 > 203.0.113.1:26419 id=13671 data="k" ttl=229 tos=0x2e frag=16@1+',
    ['452e001535672001e5111a05c6336407cb0071016b'],
  ],
  [
    'in eth0 tcp 198.51.100.7:4106 > 203.0.113.1:40722 SPA seq=2888744113 ack=1031128318 win=62948 mss=53703 wscale=9 id=40873 len=1 ttl=169 tos=0xd3',
    ['45d300319fa90000a9060b0ec6336407cb007101100a9f12ac2ebcb13d75c4fe701af5e4c95600000204d1c701030309', '78'],
  ],
  [
    'in eth0 icmp 198.51.100.7 > 203.0.113.1 fragmentation-needed mtu=52520 truncate=no ipid=7241 ttl=6 tos=0x2b ( tcp 203.0.113.1:5 > 198.51.100.7:6 len=0 )',
    [
      '452b00441c49000006013209c6336407cb0071010304962a0000cd28450000280000000040061494cb007101c6336407',
      '0005000600000000000000005002ffff499b0000',
    ],
  ],
  [
    'in eth0 tcp 198.51.100.7:30610 > 203.0.113.1:46815 FPE seq=4178012206 ack=4233852365 win=16115 mss=32480 wscale=1 id=55289 len=0 ttl=110 tos=0x65 frag=16@0+',
    ['45650024d7f920006e06ee38c6336407cb0071017792b6dff907682efc5b75cd70493ef3'],
  ],
  [
    'in eth0 sctp 198.51.100.7:14850 > 203.0.113.1:7049 chunk=14 vtag=1546511599 itag=3810902075 id=10915 ttl=39 tos=0x65 frag=16@0+',
    ['456500242aa320002784e211c6336407cb0071013a021b895c2de4ef28b996010e000014'],
  ],
];

describe('the bytes of a packet', () => {
  it.each(FRAMES)('%s', (line, bytes) => {
    expect(hex(bytesOf(packetOf(line)))).toBe(bytes.join(''));
  });

  it('are as many as its length says', () => {
    for (const [line] of FRAMES) expect(bytesOf(packetOf(line))).toHaveLength(packetOf(line).length);
  });
});

describe('the headers of IPv6', () => {
  const hopByHop = '\\u003c\\u0000\\u0001\\u0004\\u0000\\u0000\\u0000\\u0000';
  const destination = '\\u0011\\u0000\\u0001\\u0004\\u0000\\u0000\\u0000\\u0000';
  const both = `in eth0 0 2001:db8::7 > 2001:db8:1::2 data="${hopByHop}${destination}abcdefgh"`;

  it('are found one behind the other', () => {
    const packet = packetOf(both);
    expect(findIpv6Header(packet, 60)).toEqual({ protocol: 60, offset: 48 });
    expect(findIpv6Header(packet)).toEqual({ protocol: 17, offset: 56 });
    expect(findIpv6Header(packet, 43)).toBe('absent');
    expect(upperProtocol(packet)).toBe(17);
  });

  it('may be cut short', () => {
    const packet = packetOf(`in eth0 0 2001:db8::7 > 2001:db8:1::2 data="${hopByHop}"`);
    expect(findIpv6Header(packet)).toBe('broken');
    expect(upperProtocol(packet)).toBe('broken');
  });
});

function packetOf(text: string): Packet {
  const line = parsePacketLine(text);
  if (!line.ok) throw new Error(`${text}: ${line.error}`);
  return makePacket(line.packet);
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
