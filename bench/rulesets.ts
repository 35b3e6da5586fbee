/** Rulesets of any size, and the packets that their rules are about: the same for the same size. */
import type { HostDescription, ScenarioPacket } from '../src-sim/sim/scenario';

/** Numbers by chance, the same in every run. @see Knuth, "The Art of Computer Programming", vol. 2, §3.3.4 */
export function numbersBelow(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** What a rule lets through: who connects to it hits that rule. */
export interface Service {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

export interface Generated {
  readonly rules: string;
  readonly services: readonly Service[];
  readonly host: HostDescription;
}

const ROUTER: HostDescription = {
  interfaces: { eth0: { addresses: ['192.0.2.1/24'] }, eth1: { addresses: ['10.0.0.1/8'] } },
  routes: ['default via 192.0.2.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.netfilter.nf_conntrack_max': 4_000_000 },
};

/** A router's FORWARD chain: answers first, then one rule for each service. */
export function linearRuleset(rules: number): Generated {
  const below = numbersBelow(rules);
  const services = Array.from({ length: rules - 1 }, () => ({
    protocol: 'tcp' as const,
    address: `10.${1 + below(250)}.${below(256)}.${1 + below(250)}`,
    port: 1 + below(60_000),
  }));
  const lines = services.map(
    ({ address, port }) => `-A FORWARD -d ${address}/32 -p tcp -m tcp --dport ${port} -j ACCEPT`,
  );
  const head = ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]'];
  const state = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  return { rules: [...head, state, ...lines, 'COMMIT', ''].join('\n'), services, host: ROUTER };
}

const ENDPOINTS = 3;
/** In KUBE-SERVICES, in the service's chain, and in the chains of its endpoints. */
export const RULES_OF_KUBE_SERVICE = 2 + 3 * ENDPOINTS;

/** What kube-proxy writes for services of three endpoints each. */
export function kubeProxyRuleset(serviceCount: number): Generated {
  const below = numbersBelow(serviceCount);
  const chainName = (kind: string) => `KUBE-${kind}-${Array.from({ length: 16 }, () => BASE_32[below(32)]).join('')}`;
  const services = Array.from({ length: serviceCount }, (_, number) => ({
    protocol: number % 2 === 0 ? ('udp' as const) : ('tcp' as const),
    address: `10.${96 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`,
    port: [80, 443, 8080, 9090][below(4)] ?? 80,
    name: `team-${below(40)}/service-${number}:http`,
    chain: chainName('SVC'),
    endpoints: Array.from({ length: ENDPOINTS }, () => ({
      address: `10.244.${below(256)}.${1 + below(250)}`,
      chain: chainName('SEP'),
    })),
  }));
  const chains = services.flatMap(({ chain, endpoints }) => [chain, ...endpoints.map((endpoint) => endpoint.chain)]);
  return {
    rules: [
      ...NAT_HEAD,
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...NAT_RULES,
      ...services.map((service) => servicesRule(service)),
      ...services.flatMap((service) => serviceChain(service)),
      'COMMIT',
      ...FILTER,
      '',
    ].join('\n'),
    services,
    host: NODE,
  };
}

interface KubeService extends Service {
  readonly name: string;
  readonly chain: string;
  readonly endpoints: readonly { readonly address: string; readonly chain: string }[];
}

const BASE_32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function servicesRule({ protocol, address, port, name, chain }: KubeService): string {
  return `-A KUBE-SERVICES -d ${address}/32 -p ${protocol} -m comment --comment "${name} cluster IP" -m ${protocol} --dport ${port} -j ${chain}`;
}

function serviceChain({ protocol, address, port, name, chain, endpoints }: KubeService): readonly string[] {
  const masquerade = `-A ${chain} ! -s 10.244.0.0/16 -d ${address}/32 -p ${protocol} -m comment --comment "${name} cluster IP" -m ${protocol} --dport ${port} -j KUBE-MARK-MASQ`;
  const choices = endpoints.map((endpoint, at) => {
    const left = endpoints.length - at;
    const chance = left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}`;
    return `-A ${chain} -m comment --comment "${name} -> ${endpoint.address}:8080"${chance} -j ${endpoint.chain}`;
  });
  const ends = endpoints.flatMap((endpoint) => [
    `-A ${endpoint.chain} -s ${endpoint.address}/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
    `-A ${endpoint.chain} -p ${protocol} -m comment --comment "${name}" -m ${protocol} -j DNAT --to-destination ${endpoint.address}:8080`,
  ]);
  return [masquerade, ...choices, ...ends];
}

const NAT_HEAD = [
  '*nat',
  ':PREROUTING ACCEPT [0:0]',
  ':INPUT ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ':POSTROUTING ACCEPT [0:0]',
  ':KUBE-MARK-MASQ - [0:0]',
  ':KUBE-POSTROUTING - [0:0]',
  ':KUBE-SERVICES - [0:0]',
];

const NAT_RULES = [
  '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
  '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
  '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
  '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
  '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
  '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
  '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
];

const FILTER = [
  '*filter',
  ':INPUT ACCEPT [0:0]',
  ':FORWARD ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ':KUBE-FORWARD - [0:0]',
  '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
  '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
  '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
  '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  'COMMIT',
];

/** A pod's traffic comes in by cni0, whose network the endpoints are in. */
const NODE: HostDescription = {
  interfaces: { eth0: { addresses: ['192.0.2.1/24'] }, cni0: { addresses: ['10.244.0.1/16'] } },
  routes: ['default via 192.0.2.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.netfilter.nf_conntrack_max': 4_000_000 },
};

/** Connections that run at the same time, and packets of each. */
const CONCURRENT = 1000;
const PACKETS_EACH = 10;

/**
 * TCP connections to services by chance, a thousand at a time, ten packets each with the answers: one in ten is NEW.
 */
export function tcpTraffic({ services, host }: Generated, packets: number): readonly ScenarioPacket[] {
  const [outside = '', inside = ''] = Object.keys(host.interfaces ?? {});
  return waves(services, packets, ({ client, service }, step) => {
    const isAnswer = step % 2 === 1;
    const [from, to] = isAnswer ? [service, client] : [client, service];
    return {
      in: isAnswer ? inside : outside,
      src: from.address,
      dst: to.address,
      proto: 'tcp',
      sport: from.port,
      dport: to.port,
      flags: ['S', 'SA'][step] ?? 'A',
      seq: (isAnswer ? 5000 : 1000) + (step > 1 ? 1 : 0),
      ack: step === 0 ? 0 : isAnswer ? 1001 : 5001,
    };
  });
}

/** Datagrams to services by chance, without answers: who gives them only NAT knows, which chooses an endpoint. */
export function udpTraffic({ services, host }: Generated, packets: number): readonly ScenarioPacket[] {
  const [outside = ''] = Object.keys(host.interfaces ?? {});
  const udp = services.filter(({ protocol }) => protocol === 'udp');
  return waves(udp, packets, ({ client, service }) => ({
    in: outside,
    src: client.address,
    dst: service.address,
    proto: 'udp',
    sport: client.port,
    dport: service.port,
  }));
}

interface Connection {
  readonly client: { readonly address: string; readonly port: number };
  readonly service: Service;
}

function waves(
  services: readonly Service[],
  packets: number,
  packetOf: (connection: Connection, step: number) => ScenarioPacket,
): readonly ScenarioPacket[] {
  const below = numbersBelow(packets);
  const made: ScenarioPacket[] = [];
  while (made.length < packets) {
    const connections = Array.from({ length: CONCURRENT }, () => connect(services, below));
    for (let step = 0; step < PACKETS_EACH; step += 1) {
      for (const connection of connections) made.push(packetOf(connection, step));
    }
  }
  return made.slice(0, packets);
}

function connect(services: readonly Service[], below: (limit: number) => number): Connection {
  const client = { address: `198.51.${below(256)}.${below(256)}`, port: 1024 + below(60_000) };
  const service = services[below(services.length)];
  if (service === undefined) throw new Error('no service');
  return { client, service };
}
