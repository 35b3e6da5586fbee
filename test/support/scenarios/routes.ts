/** Routing: policy rules by mark, dead routes, martians, hop limits, broadcast, other hosts' frames. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, MANGLE, numbered, table } from './network';

const ROUTES = [
  'blackhole 192.0.2.0/24',
  'unreachable 192.0.2.0/25',
  'prohibit 192.0.2.128/25',
  '198.51.100.8/32 via 172.16.5.9',
  '10.9.0.0/16 via 10.0.0.9',
  '198.51.100.7/32 via 10.0.0.9 table 100',
  'default via 172.16.5.9 table 100',
  'throw 198.51.0.0/16 table 100',
];
const POLICY = [
  'fwmark 0x1 lookup 100',
  'from 10.0.0.2 lookup 100',
  'to 198.51.100.8 lookup 100',
  'iif eth1 fwmark 0x2/0xff lookup 100',
  'fwmark 0x3 blackhole',
  'not from 10.0.0.0/24 fwmark 0x1 table 100',
];
const SOURCES = {
  eth0: ['198.51.100.7', '203.0.113.50', '198.51.100.8'],
  eth1: ['10.0.0.2', '10.0.0.3', '10.9.1.1'],
  eth2: ['172.16.5.2'],
} as const;
const DESTINATIONS = [
  '10.0.0.2',
  '10.0.0.3',
  '198.51.100.7',
  '198.51.100.8',
  '192.0.2.5',
  '192.0.2.200',
  '203.0.113.1',
  '10.0.0.1',
  '172.16.5.2',
  '10.9.1.1',
  '8.8.8.8',
] as const;
const ODD_SOURCES = [
  '127.0.0.1',
  '0.0.0.0',
  '203.0.113.1',
  '10.0.0.1',
  '224.0.0.5',
  '255.255.255.255',
  '192.0.2.9',
  '240.0.0.1',
] as const;
const ODD_DESTINATIONS = [
  '127.0.0.1',
  '255.255.255.255',
  '10.0.0.255',
  '203.0.113.255',
  '224.0.0.1',
  '224.0.0.251',
  '239.1.2.3',
  '0.0.0.0',
  '240.0.0.1',
] as const;

export function routes(seed: number): Scenario {
  const chance = new Chance(`routes/${seed}`);
  const sysctl: Record<string, number> = { 'net.ipv4.ip_forward': chance.pick([0, 1, 1, 1]) };
  if (chance.with(0.3)) sysctl['net.ipv4.conf.all.rp_filter'] = chance.pick([1, 2]);
  if (chance.with(0.15)) sysctl['net.ipv4.conf.all.accept_local'] = 1;
  const host = {
    ...HOST,
    sysctl,
    listen: ['tcp/22'],
    routes: [...(HOST.routes ?? []), ...chance.some(ROUTES, 3)],
    policy: chance.some(POLICY, chance.pick([0, 1, 2])),
  };
  const packets = Array.from({ length: 12 }, (_, index) => packet(chance, index));
  return { name: `routes/${seed}`, family: 4, host, rules: rules(chance), packets: numbered(packets) };
}

function rules(chance: Chance): string {
  const mangle = ['PREROUTING', 'OUTPUT'].flatMap((chain) => [
    ...chance
      .some(['', '-p tcp ', '-p icmp ', '-d 198.51.100.0/24 '], chance.pick([0, 1, 2]))
      .map((match) => `-A ${chain} ${match}-j MARK --set-xmark ${chance.pick(['0x1', '0x2', '0x3'])}/0xffffffff`),
    ...(chance.with(0.2) ? [`-A ${chain} -j TTL --ttl-set ${chance.pick([1, 2, 64])}`] : []),
  ]);
  const filter = [
    ...(chance.with(0.6) ? ['-A FORWARD -m state --state ESTABLISHED -j ACCEPT'] : []),
    ...(chance.with(0.2) ? ['-A OUTPUT -d 10.0.0.0/24 -j REJECT --reject-with icmp-host-prohibited'] : []),
  ];
  return table('mangle', MANGLE, mangle) + table('filter', FILTER, filter);
}

function packet(chance: Chance, index: number): Draft {
  const device = chance.pick(['eth0', 'eth1', 'eth2'] as const);
  const made: Draft = {
    in: device,
    src: chance.with(0.2) ? chance.pick(ODD_SOURCES) : chance.pick(SOURCES[device]),
    dst: chance.with(0.15) ? chance.pick(ODD_DESTINATIONS) : chance.pick(DESTINATIONS),
    ttl: chance.pick([64, 64, 64, 2, 1]),
    tos: chance.pick([0, 0, 0x10, 0x08, 0xb8, 3]),
    ...content(chance, index),
  };
  if (chance.with(0.2)) {
    const { in: _, ...rest } = made;
    const [src, dst] = [
      chance.pick(['203.0.113.1', '10.0.0.1', '172.16.5.1']),
      chance.pick(['198.51.100.7', '10.0.0.2', '8.8.8.8', '192.0.2.5', '10.9.1.1']),
    ];
    return { ...rest, out: true, src, dst };
  }
  return chance.with(0.1)
    ? { ...made, mac_dst: chance.pick(['ff:ff:ff:ff:ff:ff', '02:00:00:00:99:99', '01:00:5e:00:00:01']) }
    : made;
}

function content(chance: Chance, index: number): Pick<Draft, 'proto'> & Partial<Draft> {
  const kind = chance.next();
  if (kind < 0.4) {
    return {
      proto: 'tcp',
      sport: 40_000,
      dport: chance.pick([22, 80]),
      flags: 'S',
      seq: 1,
      payload: chance.pick([0, 0, 1400]),
      df: chance.with(0.5),
    };
  }
  if (kind < 0.7) return { proto: 'udp', sport: 4000, dport: 53, payload: chance.pick([0, 100]) };
  return { proto: 'icmp', icmp: { type: 8, code: 0, id: 3, seq: index }, payload: 56 };
}
