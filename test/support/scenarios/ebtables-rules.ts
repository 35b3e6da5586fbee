/** Random rulesets of ebtables, as `ebtables-save` prints them. */
import { BROADCAST, type BridgedNetwork, UNKNOWN_STATION } from './bridge-network';
import type { Chance } from './chance';

export interface EbtablesChoices {
  readonly network: BridgedNetwork;
  /** ebtables-nft has no `broute`, and no logical devices on every kernel. */
  readonly isLegacy: boolean;
}

interface Place extends EbtablesChoices {
  readonly chance: Chance;
  readonly table: string;
  readonly chain: string;
  readonly hook: string;
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  broute: ['BROUTING'],
  nat: ['PREROUTING', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export function ebtablesRules(chance: Chance, choices: EbtablesChoices): string {
  const tables = Object.keys(CHAINS).filter((name) => (name === 'broute' ? choices.isLegacy : chance.with(0.75)));
  return tables.map((table) => tableText({ ...choices, chance, table, chain: '', hook: '' })).join('');
}

function tableText(place: Place): string {
  const { chance, table } = place;
  const chains = CHAINS[table] ?? [];
  const policies = chains.map(
    (chain) => `:${chain} ${chance.pick(['ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'DROP'])}`,
  );
  const own = chains.filter(() => chance.with(0.35)).map((chain) => ({ name: `user-${chain}`, hook: chain }));
  const declared = own.map(({ name }) => `:${name} ${chance.pick(['ACCEPT', 'RETURN', 'RETURN', 'DROP'])}`);
  const builtin = chains.flatMap((chain) => {
    const jumps = own.filter(({ hook }) => hook === chain).map(({ name }) => name);
    return rules({ ...place, chain, hook: chain }, jumps);
  });
  const inside = own.flatMap(({ name, hook }) => rules({ ...place, chain: name, hook }, []));
  return [`*${table}`, ...policies, ...declared, ...builtin, ...inside, ''].join('\n');
}

function rules(place: Place, jumps: readonly string[]): string[] {
  const { chance, chain } = place;
  const plain = Array.from({ length: chance.pick([0, 1, 2, 2, 3]) }, () => `-A ${chain} ${ruleText(place)}`);
  const calls = jumps.map((name) => `-A ${chain} ${conditions(place).join(' ')} -j ${name}`.replace('  ', ' '));
  return chance.with(0.5) ? [...calls, ...plain] : [...plain, ...calls];
}

function ruleText(place: Place): string {
  return [...conditions(place), target(place)].join(' ');
}

function target({ chance, table, hook, chain, network }: Place): string {
  const isOwn = chain !== hook;
  const end = chance.pick(['ACCEPT', 'CONTINUE', 'CONTINUE', 'DROP', ...(isOwn ? ['RETURN'] : [])]);
  const verdict = chance.pick(['ACCEPT', 'DROP', 'CONTINUE', 'CONTINUE', ...(isOwn ? ['RETURN'] : [])]);
  const mac = chance.pick([network.bridgeMac, UNKNOWN_STATION, BROADCAST, ...network.stationMacs, ...network.portMacs]);
  const mark = `-j mark --mark-${chance.pick(['set', 'or', 'and', 'xor'])} 0x${chance.pick([1, 2, 3])} --mark-target ${end}`;
  const isBefore = hook === 'PREROUTING' || hook === 'BROUTING';
  const rewriting = [
    ...(isBefore || (table === 'nat' && hook === 'OUTPUT') ? [`-j dnat --to-dst ${mac} --dnat-target ${end}`] : []),
    ...(isBefore ? [`-j redirect --redirect-target ${end}`] : []),
    ...(table === 'nat' && hook === 'POSTROUTING' ? [`-j snat --to-src ${mac} --snat-target ${end}`] : []),
  ];
  const [special] = chance.some([mark, ...rewriting], 1);
  return chance.with(0.45) && special ? special : `-j ${verdict}`;
}

function conditions(place: Place): string[] {
  const { chance, hook, network, isLegacy } = place;
  const ports: [string, ...string[]] = ['p+', 'eth0', ...network.ports];
  const not = () => (chance.with(0.2) ? '! ' : '');
  const hasIn = hook !== 'OUTPUT' && hook !== 'POSTROUTING';
  const hasOut = hook === 'FORWARD' || !hasIn;
  const mac = chance.pick([network.bridgeMac, UNKNOWN_STATION, ...network.stationMacs, ...network.portMacs]);
  const list = [`${mac}=${chance.pick([...network.addresses.stations])}`, network.bridgeMac].filter(
    (one) => network.family === 4 || !one.includes('='),
  );
  const all = [
    `-s ${not()}${mac}`,
    `-d ${not()}${chance.pick([mac, 'Unicast', 'Multicast', 'Broadcast', 'BGA', '02:00:00:00:00:00/ff:ff:ff:ff:f0:00'])}`,
    `--mark ${not()}${chance.pick(['0x1', '0x0', '0x1/0x3', '/0x3'])}`,
    `--pkttype-type ${not()}${chance.pick(['host', 'otherhost', 'broadcast', 'multicast'])}`,
    `--limit 1/hour --limit-burst ${chance.pick([1, 2, 3])}`,
    `--among-src ${not()}${list.join(',')}`,
    `--among-dst ${not()}${list.join(',')}`,
    '--log-level info --log-prefix "seen"',
    ...(hasIn ? [`-i ${not()}${chance.pick(ports)}`] : []),
    ...(hasOut ? [`-o ${not()}${chance.pick(ports)}`] : []),
    ...(isLegacy && hasIn ? [`--logical-in ${not()}${chance.pick(['br0', 'br+', 'br1'])}`] : []),
    ...(isLegacy && hasOut ? [`--logical-out ${not()}${chance.pick(['br0', 'br+', 'br1'])}`] : []),
  ];
  const header = chance.with(0.55) ? headerConditions(place) : [];
  return [...header, ...chance.some(all, chance.pick([0, 1, 1, 2]))];
}

function headerConditions({ chance, network }: Place): string[] {
  const { family, addresses } = network;
  const not = () => (chance.with(0.2) ? '! ' : '');
  if (chance.with(0.2)) return [`-p ${not()}${chance.pick(['IPv4', 'IPv6', 'ARP', 'Length', '0x800', '802_1Q'])}`];
  const v = family === 4 ? 'ip' : 'ip6';
  const protocol = chance.pick(['tcp', 'udp', family === 4 ? 'icmp' : 'ipv6-icmp']);
  const net = family === 4 ? '10.0.0.0/30' : '2001:db8:1::/126';
  const ports = ['80', '22:53', '4000', '1024:'] as const;
  const byProtocol =
    protocol === 'tcp' || protocol === 'udp'
      ? [`--${v}-dport ${not()}${chance.pick(ports)}`, `--${v}-sport ${not()}${chance.pick(ports)}`]
      : [`--${v}-icmp-type ${not()}${chance.pick(['echo-request', 'echo-reply', '1:10/0:255'])}`];
  const own = [
    `--${v}-src ${not()}${chance.pick([...addresses.stations, net, addresses.bridge])}`,
    `--${v}-dst ${not()}${chance.pick([...addresses.stations, net, addresses.bridge])}`,
    `--${v}-${family === 4 ? 'tos' : 'tclass'} ${not()}0x10`,
    `--${v}-proto ${protocol} ${chance.with(0.7) ? chance.some(byProtocol, 1).join(' ') : ''}`.trim(),
  ];
  return [`-p ${family === 4 ? 'IPv4' : 'IPv6'}`, ...chance.some(own, chance.pick([1, 1, 2]))];
}
