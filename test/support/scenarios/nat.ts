/** NAT with ranges, offsets, NETMAP, REDIRECT and zones: everything whose choice is not chance in the kernel. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, NAT, numbered, OWN, origin, RAW, table } from './network';

const POSTROUTING = [
  '-s 10.0.0.0/24 -o eth0 -j SNAT --to-source 203.0.113.10-203.0.113.20',
  '-s 10.0.0.0/24 -o eth0 -j SNAT --to-source 203.0.113.10-203.0.113.20 --persistent',
  '-s 10.0.0.0/24 -o eth0 -p tcp -j SNAT --to-source 203.0.113.10:30000-50000',
  '-s 10.0.0.0/24 -o eth0 -j NETMAP --to 203.0.113.0/24',
  '-o eth1 -j SNAT --to-source 10.0.0.1',
  '-p icmp -j SNAT --to-source 203.0.113.30-203.0.113.33',
  '-s 10.0.0.0/24 -o eth0 -j MASQUERADE',
];
const PREROUTING = [
  '-i eth0 -d 203.0.113.1/32 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2-10.0.0.9',
  '-i eth0 -d 203.0.113.1/32 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2-10.0.0.9 --persistent',
  '-i eth0 -d 203.0.113.1/32 -p tcp --dport 8000:8099 -j DNAT --to-destination 10.0.0.2:9000-9099/8000',
  '-i eth0 -p tcp --dport 443 -j REDIRECT --to-ports 22',
  '-i eth0 -d 203.0.113.0/24 -j NETMAP --to 10.0.0.0/24',
  '-i eth0 -p udp -j DNAT --to-destination 10.0.0.2:53',
  '-p icmp -j DNAT --to-destination 172.16.5.2',
  '-i eth0 -p tcp -j DNAT --to-destination :8080',
];
const OUTPUT = [
  '-p tcp -d 198.51.100.0/24 -j DNAT --to-destination 10.0.0.2-10.0.0.5',
  '-p udp -j REDIRECT --to-ports 53',
  '-p icmp -j DNAT --to-destination 10.0.0.2',
];
const ENDS = ['198.51.100.7', '198.51.100.9', OWN, '203.0.113.2', '10.0.0.3', '172.16.5.2'] as const;

export function natMappings(seed: number): Scenario {
  const chance = new Chance(`nat-mappings/${seed}`);
  const flows = Array.from({ length: chance.pick([3, 4, 5]) }, () => flow(chance));
  const packets: Draft[] = [];
  while (flows.some(({ length }) => length > 0)) {
    const [chosen] = chance.some(
      flows.filter(({ length }) => length > 0),
      1,
    );
    packets.push(...(chosen?.splice(0, 1) ?? []));
  }
  const host = { ...HOST, listen: ['tcp/22', 'udp/53'] };
  return { name: `nat-mappings/${seed}`, family: 4, host, rules: rules(chance), packets: numbered(packets) };
}

function rules(chance: Chance): string {
  const nat = [
    ...chance.some(PREROUTING, chance.pick([0, 1, 2])).map((rule) => `-A PREROUTING ${rule}`),
    ...(chance.with(0.3)
      ? [
          `-A INPUT ${chance.pick(['-p tcp -j SNAT --to-source 10.0.0.200', '-p udp -j SNAT --to-source 192.0.2.1-192.0.2.9'])}`,
        ]
      : []),
    ...chance.some(OUTPUT, chance.pick([0, 0, 1])).map((rule) => `-A OUTPUT ${rule}`),
    ...chance.some(POSTROUTING, chance.pick([0, 1, 2])).map((rule) => `-A POSTROUTING ${rule}`),
  ];
  const zone = chance.pick(['--zone 3', '--zone-orig 3', '--zone-reply 3', '--zone-orig 65535']);
  const raw = table('raw', RAW, [`-A PREROUTING -i ${chance.pick(['eth0', 'eth1'])} -j CT ${zone}`]);
  const filter = [
    '-A FORWARD -m conntrack --ctstate DNAT',
    '-A FORWARD -m conntrack --ctstate SNAT',
    '-A INPUT -m conntrack --ctstate DNAT',
    '-A OUTPUT -m conntrack --ctstate DNAT,SNAT',
  ];
  return (chance.with(0.3) ? raw : '') + table('nat', NAT, nat) + table('filter', FILTER, filter);
}

function flow(chance: Chance): Draft[] {
  const src = chance.pick(['10.0.0.2', '10.0.0.3', '198.51.100.7', '198.51.100.8', OWN]);
  const dst = chance.pick(ENDS);
  if (src === dst) return [];
  const base = { ...origin(src), src, dst };
  const ports = { sport: chance.pick([40_000, 40_000, 500, 700, 53]), dport: chance.pick([80, 443, 8005, 53, 22]) };
  const first: Draft = chance.pick<Draft>([
    { ...base, ...ports, proto: 'tcp', flags: 'S', seq: 1, win: 8192 },
    { ...base, ...ports, proto: 'udp', payload: 10 },
    { ...base, proto: 'icmp', icmp: { type: 8, code: 0, id: chance.pick([7, 8]), seq: 1 }, payload: 20 },
  ]);
  return chance.with(0.3) ? [first, { ...first }, icmpError(chance, first)] : [first, { ...first }];
}

function icmpError(chance: Chance, about: Draft): Draft {
  const { in: device = 'eth0', out: _, ...inner } = about;
  const src = chance.pick([about.dst, '192.0.2.77']);
  return {
    in: device,
    src,
    dst: about.src,
    proto: 'icmp',
    icmp: { type: chance.pick([3, 11]), code: chance.pick([0, 1]), inner },
  };
}
