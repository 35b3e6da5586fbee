/**
 * A host for a ruleset that somebody else wrote, and packets that aim at its rules: the interfaces, networks,
 * addresses, ports and sets that it names are there, and what is sent is mostly made of them.
 */
import type { Scenario, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, numbered } from './network';

/** What a ruleset names. */
interface Vocabulary {
  readonly interfaces: readonly string[];
  readonly networks: readonly string[];
  readonly ports: readonly number[];
  readonly protocols: readonly string[];
  readonly icmpTypes: readonly number[];
  readonly sets: readonly (readonly [name: string, directions: string])[];
}

interface Link {
  readonly device: string;
  readonly own: string;
  /** Addresses of others behind it. */
  readonly others: readonly string[];
}

type Version = 4 | 6;

export function aimedAt(name: string, rules: string, version: Version, seed: number): Scenario {
  const chance = new Chance(`aimed/${name}/${seed}`);
  const words = vocabularyOf(rules, version);
  const links = linksOf(words, version, chance);
  const flows = Array.from({ length: chance.pick([3, 4, 5]) }, () => conversation(chance, words, links, version));
  const packets: Draft[] = [];
  while (flows.some(({ length }) => length > 0)) {
    const [chosen] = chance.some(
      flows.filter(({ length }) => length > 0),
      1,
    );
    packets.push(...(chosen?.splice(0, chance.pick([1, 1, 2])) ?? []));
  }
  const [first] = links;
  const gateway = first?.others[0] ?? '';
  return {
    name: `aimed/${name}/${seed}`,
    family: version,
    rules,
    host: {
      interfaces: Object.fromEntries(
        links.map(({ device, own }) => [device, { addresses: [`${own}/${version === 4 ? 24 : 64}`] }]),
      ),
      routes: [`default via ${gateway} dev ${first?.device}`],
      sysctl: { [version === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding']: chance.pick([1, 1, 1, 0]) },
      listen: chance.some(unique(listenable(words)), chance.pick([0, 1, 3])),
      ...(words.sets.length > 0 ? { ipsets: ipsets(words, links, version, chance) } : {}),
    },
    packets: numbered(packets).slice(0, 16),
  };
}

function vocabularyOf(rules: string, version: Version): Vocabulary {
  const all = (pattern: RegExp) => [...rules.matchAll(pattern)].map(([, word = '']) => word);
  const address = version === 4 ? /(\d+\.\d+\.\d+\.\d+)/g : /(?<=[\s,=[])([0-9a-fA-F]{1,4}:[0-9a-fA-F:]+)/g;
  const ports = all(/(?:--dports?|--sports?|--ports?|--to-ports|--destination-port|--on-port) !? ?([\d:,]+)/g);
  const portsBehind = all(/--to-destination [\d.]+:(\d+)/g);
  const sets = [...rules.matchAll(/--(?:match|add|del)-set (\S+) ([a-z,]+)/g)];
  return {
    interfaces: unique(all(/(?:-i|-o|--in-interface|--out-interface) ([a-zA-Z][\w.+-]*)/g).map(plainDevice))
      .filter((device) => device !== 'lo')
      .slice(0, 4),
    networks: unique(all(address)).filter((text) => isPlain(text, version)),
    ports: unique([...ports, ...portsBehind].flatMap((text) => text.split(/[,:]/)).map(Number)).filter(
      (port) => port > 0 && port < 65_536,
    ),
    protocols: unique(all(/-p ([a-z\d]+)/g)),
    icmpTypes: unique(all(/--icmp(?:v6)?-type (\d+)/g).map(Number)),
    sets: unique(sets.map(([, set, directions]) => `${set} ${directions}`)).map((text) => {
      const [set = '', directions = ''] = text.split(' ');
      return [set, directions] as const;
    }),
  };
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** `ppp+` names every interface that begins so: here the first. Names longer than the kernel takes are cut. */
function plainDevice(text: string): string {
  return text.replace(/\+$/, '0').slice(0, 15);
}

function isPlain(text: string, version: Version): boolean {
  if (version === 6) return /^[23]|^f[cd]/i.test(text) && text.includes('::');
  const [a = 0, ...rest] = text.split('.').map(Number);
  return a > 0 && a < 224 && a !== 127 && rest.every((part) => part < 256);
}

/** Each link has a network of the ruleset's, where it names one. */
function linksOf({ interfaces, networks }: Vocabulary, version: Version, chance: Chance): readonly Link[] {
  const devices = unique([...interfaces, 'eth0', 'eth1']).slice(0, Math.max(2, interfaces.length));
  const given = unique(chance.some(networks, networks.length).map((text) => networkOf(text, version)));
  const spare =
    version === 4
      ? ['198.51.100.', '10.77.0.', '172.29.5.', '192.168.77.']
      : ['2001:db8:7', '2001:db8:8', '2001:db8:9', '2001:db8:a'];
  return devices.map((device, index) => {
    const network = given[index] ?? spare[index % spare.length] ?? '';
    const inside = networks.filter((text) => networkOf(text, version) === network && !/[.:]0?$/.test(text));
    const at = (host: number) => (version === 4 ? `${network}${host}` : `${network}::${host.toString(16)}`);
    const own = chance.with(0.5) ? (inside.find((text) => !/\.(0|255)$/.test(text)) ?? at(1)) : at(1);
    return {
      device,
      own,
      others: [at(254), at(7), at(9), ...inside].filter((text) => text !== own && !/\.(0|255)$/.test(text)),
    };
  });
}

/** The /24 or /64 of an address, as text that a host's number goes behind. */
function networkOf(text: string, version: Version): string {
  if (version === 4) return text.replace(/\d+$/, '');
  const [head = ''] = text.toLowerCase().split('::');
  return head
    .split(':')
    .slice(0, 4)
    .join(':')
    .replace(/(:0+)+$/, '');
}

function listenable({ ports }: Vocabulary): string[] {
  return [
    ...ports.slice(0, 6).map((port) => `tcp/${port}`),
    ...ports.slice(0, 3).map((port) => `udp/${port}`),
    'tcp/22',
    'udp/53',
  ];
}

function ipsets({ sets, networks }: Vocabulary, links: readonly Link[], version: Version, chance: Chance): string {
  const family = version === 4 ? 'inet' : 'inet6';
  const made = new Map<string, string>();
  for (const [name, directions] of sets) {
    if (made.has(name)) continue;
    const parts = directions.split(',').length;
    const kind = parts === 1 ? 'hash:net' : parts === 2 ? 'hash:ip,port' : 'hash:ip,port,ip';
    const members = chance
      .some([...networks, ...links.flatMap(({ others }) => others)], 3)
      .filter((text) => !/\.0$/.test(text));
    const lines = parts === 1 ? unique(members).map((member) => `add ${name} ${member}`) : [];
    made.set(name, [`create ${name} ${kind} family ${family}`, ...lines].join('\n'));
  }
  return `${[...made.values()].join('\n')}\n`;
}

/** A few packets of one flow, there and back, with the errors that it may meet. */
function conversation(chance: Chance, words: Vocabulary, links: readonly Link[], version: Version): Draft[] {
  const [from, to] = chance.some(links, 2);
  if (from === undefined || to === undefined) return [];
  const client = chance.with(0.75) ? chance.pick([from.own, ...from.others]) : from.own;
  const target = chance.with(0.4) ? from.own : chance.pick([to.own, ...to.others]);
  const far =
    chance.with(0.15) && words.networks.length > 0 ? chance.pick(words.networks as [string, ...string[]]) : target;
  if (client === far || /\.(0|255)$/.test(far)) return [];
  const there = { ...sentBy(client, from.device, links), src: client, dst: far };
  const back = { ...sentBy(far, deviceTo(far, links, version), links), src: far, dst: client };
  const kind = chance.pick(['tcp', 'udp', 'icmp', ...words.protocols]);
  const port =
    words.ports.length > 0 && chance.with(0.85)
      ? chance.pick(words.ports as [number, ...number[]])
      : chance.pick([22, 80, 443, 53, 4444]);
  const sport = chance.pick([40_000, 51_234, port, 1023]);
  if (kind === 'tcp') return tcp(chance, there, back, sport, port);
  if (kind === 'udp') return udp(chance, there, back, sport, port);
  if (/icmp/.test(kind)) return icmp(chance, there, back, words, version);
  const proto = {
    esp: 50,
    ah: 51,
    gre: 47,
    sctp: 132,
    igmp: 2,
    ipv6: 41,
    '41': 41,
    '47': 47,
    '50': 50,
    '51': 51,
    udplite: 136,
  }[kind];
  return proto === undefined
    ? udp(chance, there, back, sport, port)
    : [
        { ...there, proto, ...(proto === 132 || proto === 136 ? { sport, dport: port } : {}) },
        { ...back, proto, ...(proto === 132 || proto === 136 ? { sport: port, dport: sport } : {}) },
      ];
}

type Ends = Pick<Draft, 'in' | 'out' | 'src' | 'dst'>;

function sentBy(src: string, device: string, links: readonly Link[]): Pick<ScenarioPacket, 'in' | 'out'> {
  return links.some(({ own }) => own === src) ? { out: true } : { in: device };
}

function deviceTo(address: string, links: readonly Link[], version: Version): string {
  const found = links.find(({ own }) => networkOf(own, version) === networkOf(address, version));
  return found?.device ?? links[0]?.device ?? '';
}

function tcp(chance: Chance, there: Ends, back: Ends, sport: number, dport: number): Draft[] {
  const [isn, other] = [1000, 50_000];
  const c = (flags: string, seq: number, ack: number, more: Partial<Draft> = {}): Draft => ({
    ...there,
    proto: 'tcp',
    sport,
    dport,
    flags,
    seq,
    ack,
    win: 8192,
    ...more,
  });
  const s = (flags: string, seq: number, ack: number, more: Partial<Draft> = {}): Draft => ({
    ...back,
    proto: 'tcp',
    sport: dport,
    dport: sport,
    flags,
    seq,
    ack,
    win: 8192,
    ...more,
  });
  const whole = [
    c('S', isn, 0, { mss: 1460 }),
    s('SA', other, isn + 1, { mss: 1460 }),
    c('A', isn + 1, other + 1),
    c('PA', isn + 1, other + 1, { payload: chance.pick([10, 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n', 300]) }),
    s('A', other + 1, isn + 11),
    chance.pick([s('FA', other + 1, isn + 11), c('R', isn + 11, 0), c('FA', isn + 11, other + 1)]),
  ];
  const odd = chance.pick([
    c('', isn, 0),
    c('FPU', isn, 0),
    c('SF', isn, 0),
    c('A', isn + 5, 9),
    c('SA', isn, 9),
    c('RA', isn, 9),
    c('S', isn, 0, { mss: 400 }),
    c('S', isn, 0, { payload: 40 }),
  ]);
  return chance.with(0.25) ? [odd, ...whole.slice(0, 2)] : whole.slice(0, chance.pick([1, 2, 3, 6]));
}

function udp(chance: Chance, there: Ends, back: Ends, sport: number, dport: number): Draft[] {
  const ask: Draft = { ...there, proto: 'udp', sport, dport, payload: chance.pick([10, 30, 200]) };
  const answer: Draft = { ...back, proto: 'udp', sport: dport, dport: sport, payload: 20 };
  return chance.pick([[ask], [ask, answer], [ask, answer, ask], [ask, unreachable(back, ask)]]);
}

function unreachable(back: Ends, about: Draft): Draft {
  const { in: _, out: __, ...inner } = about;
  const isV6 = back.src.includes(':');
  return { ...back, proto: isV6 ? 'icmpv6' : 'icmp', icmp: { type: isV6 ? 1 : 3, code: isV6 ? 4 : 3, inner } };
}

function icmp(chance: Chance, there: Ends, back: Ends, { icmpTypes }: Vocabulary, version: Version): Draft[] {
  const [proto, ask, answer] = version === 4 ? (['icmp', 8, 0] as const) : (['icmpv6', 128, 129] as const);
  const type = chance.with(0.5) && icmpTypes.length > 0 ? chance.pick(icmpTypes as [number, ...number[]]) : ask;
  // The stack's own chatter is not a packet of the scenario.
  const spoken = version === 6 && type >= 130 && type <= 143 ? ask : type;
  const request: Draft = {
    ...there,
    proto,
    icmp: { type: spoken, code: 0, id: 9, seq: 1 },
    payload: chance.pick([8, 56]),
  };
  return [request, { ...back, proto, icmp: { type: answer, code: 0, id: 9, seq: 1 }, payload: 8 }].slice(
    0,
    chance.pick([1, 2]),
  );
}
