/** IPv6 packets with extension headers, whole ones and broken ones, and what is behind them: ports, echoes, nothing. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, NAT, showStates, table } from './network';

const OWN = '2001:db8:1::1';
const ENDS = [OWN, '2001:db8:2::9', '2001:db8:2::8'] as const;
const CLIENT = '2001:db8:1::7';

const RULES = [
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp --tcp-flags SYN,ACK SYN',
  '-p udp -m udp --dport 53',
  '-p udp -m multiport --dports 53,67',
  '-p ipv6-icmp -m icmp6 --icmpv6-type 128',
  '-p tcp -m multiport --sports 40000',
  '-m hbh',
  '-m dst',
  '-m frag --fragid 0:100',
  '-m rt',
  '-m ipv6header --soft --header hop',
  '-p tcp',
  '-p udp',
  '-m length --length 60:200',
  '-m conntrack --ctorigdstport 80',
  '-m conntrack --ctproto 6',
];

export function ipv6Headers(seed: number): Scenario {
  const chance = new Chance(`ipv6-headers/${seed}`);
  const shown = chance.with(0.6);
  const filter = FILTER.flatMap((chain) => [
    ...(shown ? showStates(chain) : []),
    ...chance.some(RULES, 4).map((rule) => `-A ${chain} ${rule}`),
    ...(chance.with(0.3)
      ? [
          `-A ${chain} ${chance.pick(['-p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset', '-p udp -j REJECT', '-p tcp -m tcp --dport 81 -j DROP'])}`,
        ]
      : []),
  ]);
  const nat = table('nat', NAT, [
    '-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination [2001:db8:2::9]:8080',
    '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 2001:db8:2::77',
  ]);
  const packets = Array.from({ length: 8 }, () => packet(chance));
  return {
    name: `ipv6-headers/${seed}`,
    family: 6,
    rules: (chance.with(0.3) ? nat : '') + table('filter', FILTER, filter),
    host: {
      interfaces: { eth0: { addresses: [`${OWN}/64`] }, eth1: { addresses: ['2001:db8:2::1/64'] } },
      routes: ['default via 2001:db8:1::fe dev eth0'],
      sysctl: { 'net.ipv6.conf.all.forwarding': 1 },
      listen: chance.some(['tcp/80', 'udp/53'], chance.pick([0, 1, 2])),
    },
    packets,
  };
}

type Header = 0 | 43 | 44 | 60;

function packet(chance: Chance): Draft {
  const dst = chance.pick(ENDS);
  const upper = chance.pick([6, 6, 17, 17, 58, 59, 89]);
  const headers = headersOf(chance);
  const [first, ...rest] = headers;
  const content = upperBytes(chance, upper, dst);
  const bytes = headers.flatMap((header, index) => headerBytes(chance, header, rest[index] ?? upper));
  const whole = [...bytes, ...content];
  const kept = chance.with(0.08) ? whole.slice(0, chance.pick([2, 6, 9, 17])) : whole;
  return { in: 'eth0', src: CLIENT, dst, proto: first ?? upper, payload: String.fromCharCode(...kept) };
}

function headersOf(chance: Chance): readonly Header[] {
  const made: Header[] = [];
  if (chance.with(0.45)) made.push(0);
  if (chance.with(0.45)) made.push(60);
  if (chance.with(0.15)) made.push(43);
  if (chance.with(0.03)) made.push(44);
  if (chance.with(0.05)) made.push(0);
  return made.length === 0 ? [60] : made;
}

function headerBytes(chance: Chance, header: Header, next: number): number[] {
  if (header === 44) return [next, 0, 0, chance.pick([0, 0, 8]), 0, 0, 0, 7];
  if (header === 43) return [next, 0, chance.pick([0, 2, 4]), chance.pick([0, 0, 1]), 0, 0, 0, 0];
  const options = chance.pick([
    [1, 4, 0, 0, 0, 0],
    [1, 4, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [5, 2, 0, 0, 1, 0],
    [1, 4, 0, 9, 0, 0],
    [0x1e, 4, 1, 2, 3, 4],
    [0x5e, 4, 1, 2, 3, 4],
    [0x9e, 4, 1, 2, 3, 4],
    [0xde, 4, 1, 2, 3, 4],
    [1, 12, 0, 0, 0, 0],
    [1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
  return [next, (options.length + 2) / 8 - 1, ...options];
}

function upperBytes(chance: Chance, upper: number, dst: string): number[] {
  const port = chance.pick([80, 81, 53, 4444]);
  const header = {
    6: [
      ...word(40_000),
      ...word(port),
      0,
      0,
      0,
      9,
      0,
      0,
      0,
      0,
      0x50,
      chance.pick([2, 0x10, 0x12, 4, 1]),
      0x20,
      0,
      0,
      0,
      0,
      0,
    ],
    17: [...word(40_000), ...word(port), 0, 12, 0, 0, 1, 2, 3, 4],
    58: [128, 0, 0, 0, 0, 5, 0, 1, 1, 2],
  }[upper];
  if (header === undefined) return upper === 59 ? [] : [1, 2, 3, 4, 5, 6, 7, 8];
  const at = { 6: 16, 17: 6, 58: 2 }[upper] ?? 0;
  const sum = checksum([
    ...addressOf(CLIENT),
    ...addressOf(dst),
    0,
    0,
    ...word(header.length),
    0,
    0,
    0,
    upper,
    ...header,
  ]);
  header.splice(at, 2, ...word(sum || 0xffff));
  return header;
}

function word(value: number): [number, number] {
  return [value >> 8, value & 255];
}

function addressOf(text: string): number[] {
  const [, , middle = '0', end = '0'] = /^(2001:db8):(\d+)::(\d+)$/.exec(text) ?? [];
  return [0x20, 1, 0x0d, 0xb8, 0, Number(middle), 0, 0, 0, 0, 0, 0, 0, 0, 0, Number(end)];
}

function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
