/** Directors of IPVS: services of every kind, their real servers, and connections to them from all sides. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, MANGLE, NAT, numbered, origin, showStates, table } from './network';
import { toIpv6 } from './to-ipv6';

const VIP = '203.0.113.10';
const OWN = '203.0.113.1';
const REAL_SERVERS = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '172.16.5.2'] as const;
const CLIENTS = ['198.51.100.7', '198.51.100.8', '198.51.7.9', '172.16.5.9'] as const;
const SCHEDULERS = [
  'rr',
  'rr',
  'wrr',
  'lc',
  'wlc',
  'sh',
  'dh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'lblc',
  'lblcr',
] as const;
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  sh: ['', ' -b sh-port', ' -b sh-fallback,sh-port'],
  mh: ['', ' -b mh-port', ' -b mh-fallback'],
};

interface ServiceDraft {
  readonly text: string;
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly servers: readonly { readonly address: string; readonly port: number }[];
}

/** Fields that all packets of a scenario's flow share. */
type Flow = Pick<Draft, 'proto' | 'src' | 'dst' | 'sport' | 'dport'> & { readonly service: ServiceDraft };

export function ipvs(seed: number): Scenario {
  return make(seed, 'ipvs', SCHEDULERS);
}

/** Round robin alone: what a kernel has that loads no other scheduler. */
export function ipvsRoundRobin(seed: number): Scenario {
  return make(seed, 'ipvs-rr', ['rr']);
}

export function ipvsInIpv6(seed: number): Scenario {
  return toIpv6(make(seed, 'ipvs', SCHEDULERS));
}

function make(seed: number, name: string, schedulers: readonly [string, ...string[]]): Scenario {
  const chance = new Chance(`${name}/${seed}`);
  const services = Array.from({ length: chance.pick([1, 1, 2, 3]) }, (_, index) => service(chance, index, schedulers));
  const packets = conversations(chance, services);
  const host = {
    ...HOST,
    interfaces: { ...HOST.interfaces, eth0: { addresses: [`${OWN}/24`, `${VIP}/24`] } },
    sysctl: sysctl(chance),
    policy: ['fwmark 0x5 lookup 100'],
    routes: [...(HOST.routes ?? []), 'local 0.0.0.0/0 dev lo table 100'],
    listen: chance.some(['tcp/80', 'udp/53', 'tcp/8080'], chance.pick([0, 1, 2])),
    ipvs: services.map(({ text }) => text).join(''),
    kernel: '6.1',
  };
  return { name: `${name}/${seed}`, family: 4, host, rules: rules(chance), packets: numbered(packets) };
}

function sysctl(chance: Chance): Record<string, number> {
  const made: Record<string, number> = { 'net.ipv4.ip_forward': 1 };
  if (chance.with(0.4)) made['net.ipv4.vs.conntrack'] = 1;
  if (chance.with(0.2)) made['net.ipv4.vs.sloppy_tcp'] = 1;
  if (chance.with(0.2)) made['net.ipv4.vs.expire_nodest_conn'] = 1;
  if (chance.with(0.2)) made['net.ipv4.vs.conn_reuse_mode'] = chance.pick([0, 2, 3]);
  if (chance.with(0.15)) made['net.ipv4.vs.snat_reroute'] = 0;
  if (chance.with(0.15)) made['net.ipv4.vs.nat_icmp_send'] = 1;
  if (chance.with(0.1)) made['net.ipv4.vs.pmtu_disc'] = 0;
  return made;
}

function service(chance: Chance, index: number, schedulers: readonly [string, ...string[]]): ServiceDraft {
  const proto = chance.pick(['tcp', 'tcp', 'tcp', 'udp', 'udp', 'sctp'] as const);
  const scheduler = chance.pick(schedulers);
  const flags = chance.pick((FLAGS[scheduler] ?? ['']) as [string, ...string[]]);
  const method = chance.pick(['-m', '-m', '-g', '-i']);
  const isPersistent = chance.with(0.25);
  const port = { tcp: chance.pick([80, 80, 443, 21]), udp: chance.pick([53, 500]), sctp: 5000 }[proto] + index;
  const isMarked = chance.with(0.15);
  const address = chance.pick([VIP, OWN]);
  const key = isMarked
    ? '-f 5'
    : `-${proto === 'sctp' ? '-sctp-service' : proto[0]} ${address}:${isPersistent && chance.with(0.2) ? 0 : port}`;
  const persistence = isPersistent
    ? ` -p ${chance.pick([2, 300])}${chance.with(0.5) ? ` -M ${chance.pick(['255.255.255.0', '255.255.0.0'])}` : ''}`
    : '';
  const once = proto === 'udp' && chance.with(0.3) ? ' -o' : '';
  const servers = chance
    .some([...REAL_SERVERS, ...(chance.with(0.25) ? [OWN, '127.0.0.1'] : [])], chance.pick([1, 2, 3, 4]))
    .map((real) => ({
      address: real,
      port: isMarked || key.endsWith(':0') ? 0 : method === '-m' && chance.with(0.3) ? 8080 : port,
    }));
  const lines = servers.map((server) => {
    const limits = chance.with(0.15) ? ` -x ${chance.pick([1, 2, 4])} -y ${chance.pick([0, 1])}` : '';
    return `-a ${key} -r ${server.address}:${server.port} ${chance.with(0.1) ? chance.pick(['-m', '-g']) : method} -w ${chance.pick([1, 1, 1, 2, 3, 5, 0])}${limits}\n`;
  });
  const text = `-A ${key} -s ${scheduler}${flags}${persistence}${once}\n${lines.join('')}`;
  return { text, proto, address: isMarked ? chance.pick([VIP, '192.0.2.77']) : address, port, method, servers };
}

function conversations(chance: Chance, services: readonly ServiceDraft[]): Draft[] {
  const flows = Array.from({ length: chance.pick([2, 3, 4, 5]) }, () => flow(chance, services));
  const packets = Array.from({ length: chance.pick([8, 10, 14]) }, () =>
    step(chance, chance.pick(flows as [Flow, ...Flow[]])),
  );
  return packets.map((packet) => (chance.with(0.02) ? { ...packet, wait: chance.pick([3, 11.5]) } : packet));
}

function flow(chance: Chance, services: readonly ServiceDraft[]): Flow {
  const chosen = chance.pick(services as [ServiceDraft, ...ServiceDraft[]]);
  const client = chance.with(0.1) ? chance.pick([OWN, '127.0.0.1', '10.0.0.4']) : chance.pick(CLIENTS);
  return {
    service: chosen,
    proto: chosen.proto,
    src: client,
    dst: chance.with(0.05) ? VIP : chosen.address,
    sport: chosen.port === 500 ? 500 : chance.pick([40_000, 40_001, 40_002, 20]),
    dport: chance.with(0.05) ? 2222 : chosen.port,
  };
}

const REQUESTS = ['S', 'S', 'S', 'A', 'PA', 'FA', 'R', 'RA', 'SA', 'A', ''] as const;
const ANSWERS = ['SA', 'SA', 'A', 'PA', 'FA', 'R', 'S'] as const;

function step(chance: Chance, { service: chosen, ...flowFields }: Flow): Draft {
  const kind = chance.next();
  const real = chance.pick(chosen.servers as ServiceDraft['servers'] & [ServiceDraft['servers'][0]]);
  const answer = {
    proto: flowFields.proto,
    src: chance.with(0.15) ? flowFields.dst : real.address,
    dst: flowFields.src,
    sport: real.port || (flowFields.dport ?? 0),
    dport: flowFields.sport ?? 0,
  };
  const request = { ...origin(flowFields.src), ...flowFields, ...content(chance, flowFields.proto, REQUESTS) };
  if (kind < 0.62) return odd(chance, request);
  const back = { ...origin(answer.src), ...answer, ...content(chance, flowFields.proto, ANSWERS) };
  if (kind < 0.86) return odd(chance, back);
  if (kind < 0.97)
    return icmpError(chance, chance.with(0.5) ? back : request, chance.with(0.5) ? real.address : flowFields.dst);
  if (kind < 0.985) return { ...origin(flowFields.src), src: flowFields.src, dst: flowFields.dst, proto: 50 };
  return {
    ...origin(flowFields.src),
    src: flowFields.src,
    dst: flowFields.dst,
    proto: 'icmp',
    icmp: { type: 8, id: 1, seq: 1 },
  };
}

function odd(chance: Chance, packet: Draft): Draft {
  if (packet.in === undefined) return packet;
  const made = { ...packet };
  if (chance.with(0.04)) made.ttl = chance.pick([1, 2]);
  if (chance.with(0.05)) Object.assign(made, { payload: 1450, df: chance.with(0.6) });
  if (chance.with(0.05)) made.tos = chance.pick([0x10, 0xb8, 3, 1]);
  return made;
}

function content(chance: Chance, proto: Draft['proto'], flags: readonly [string, ...string[]]): Partial<Draft> {
  if (proto === 'udp') return { payload: chance.pick([0, 20]) };
  if (proto === 'sctp') return { chunk: chance.pick([1, 1, 2, 10, 11, 0, 6, 7, 8, 14]) };
  return { flags: chance.pick(flags), seq: chance.pick([100, 101, 200]), ack: chance.pick([0, 101, 201]), win: 8192 };
}

function icmpError(chance: Chance, about: Draft, from: string): Draft {
  const { in: _, out: __, wait: ___, ...inner } = about;
  const src = chance.pick([from, '198.51.100.1', from]);
  return {
    ...origin(src),
    src,
    dst: about.src,
    proto: 'icmp',
    icmp: { type: chance.pick([3, 3, 11, 12]), code: chance.pick([1, 3, 4]), inner, mtu: 1400 },
  };
}

function rules(chance: Chance): string {
  const shown = chance.with(0.7);
  const filter = FILTER.flatMap((chain) => [
    ...(shown ? showStates(chain) : []),
    ...(chance.with(0.4)
      ? [
          `-A ${chain} -m ipvs --ipvs`,
          `-A ${chain} -m ipvs ${chance.pick(['--vport 80', '--vmethod MASQ', '! --vaddr 203.0.113.10', '--vdir ORIGINAL', '--vdir REPLY', '--vproto 17', '! --vmethod GATE'])}`,
        ]
      : []),
    ...(chance.with(0.1) ? [`-A ${chain} -p tcp --dport 443 -j REJECT --reject-with tcp-reset`] : []),
  ]);
  const nat = chance.some(
    [
      '-A POSTROUTING -o eth1 -j MASQUERADE',
      '-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j SNAT --to-source 203.0.113.99',
      '-A POSTROUTING -m ipvs --vproto 6 -j SNAT --to-source 10.0.0.1',
      '-A OUTPUT -p udp --dport 53 -j DNAT --to-destination 203.0.113.10',
    ],
    chance.pick([0, 1, 2]),
  );
  const mangle = [
    ...(chance.with(0.8) ? [`-A PREROUTING -d ${chance.pick([VIP, '192.0.2.77'])}/32 -j MARK --set-mark 5`] : []),
    ...(chance.with(0.2) ? ['-A POSTROUTING -m ipvs --ipvs', '-A OUTPUT -m ipvs --vdir ORIGINAL'] : []),
  ];
  return (
    table('mangle', MANGLE, mangle) + (chance.with(0.4) ? table('nat', NAT, nat) : '') + table('filter', FILTER, filter)
  );
}
