/** Rules of iptables for frames that a bridge carries: ports, marks, states, NAT. */
import type { BridgedNetwork } from './bridge-network';
import type { Chance } from './chance';
import { FILTER, showStates, table } from './network';

/** Each with a table of its own, and most packets pass. */
export function bridgedIpRules(chance: Chance, network: BridgedNetwork): string {
  const filter = FILTER.flatMap((chain) => [
    ...chainRules(chance, network, chain, filterTarget),
    ...(chance.with(0.5) ? showStates(chain) : []),
  ]);
  const mangle = ['PREROUTING', 'FORWARD', 'POSTROUTING'].flatMap((chain) =>
    chainRules(chance, network, chain, mangleTarget),
  );
  return [
    table('filter', FILTER, filter),
    ...(chance.with(0.6) ? [table('mangle', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'], mangle)] : []),
    ...(chance.with(0.5) ? [natTable(chance, network)] : []),
    ...(chance.with(0.3) ? [table('raw', ['PREROUTING', 'OUTPUT'], ['-A PREROUTING -m mark --mark 0x1'])] : []),
  ].join('');
}

type TargetOf = (chance: Chance, network: BridgedNetwork) => string;

function chainRules(chance: Chance, network: BridgedNetwork, chain: string, target: TargetOf): string[] {
  return Array.from({ length: chance.pick([0, 1, 2, 2]) }, () => {
    const words = [...conditions(chance, network, chain), target(chance, network)].filter((word) => word !== '');
    // A rule without any word is hard to tell from none where counters are read.
    return ['-A', chain, ...(words.length > 0 ? words : ['-m mark ! --mark 0x9'])].join(' ');
  });
}

function filterTarget(chance: Chance): string {
  return chance.pick(['', '', '', '-j ACCEPT', '-j DROP', '-j REJECT']);
}

function mangleTarget(chance: Chance, { family }: BridgedNetwork): string {
  const hops = family === 4 ? '-j TTL --ttl-set 9' : '-j HL --hl-set 9';
  return chance.pick(['', '', '-j MARK --set-mark 1', '-j MARK --or-mark 2', hops, '-j DROP']);
}

function conditions(chance: Chance, { family }: BridgedNetwork, chain: string): string[] {
  const isOut = chain === 'OUTPUT' || chain === 'POSTROUTING';
  const hasOut = chain !== 'PREROUTING' && chain !== 'INPUT';
  const port = chance.pick(['p1', 'p2', 'p+']);
  const not = chance.with(0.25) ? '! ' : '';
  const icmp = family === 4 ? 'icmp' : 'ipv6-icmp';
  const all = [
    `-p ${chance.pick(['tcp', 'udp', icmp])}`,
    `-m mark ${not}--mark ${chance.pick(['0x1', '0x2', '0x3', '0x0'])}`,
    ...(isOut ? [] : [`${not}-i ${chance.pick(['br0', 'eth0', 'p1'])}`, `-m physdev ${not}--physdev-in ${port}`]),
    ...(isOut ? [] : [`-m pkttype --pkt-type ${chance.pick(['unicast', 'broadcast', 'multicast'])}`]),
    ...(isOut ? [] : ['-m mac --mac-source 02:00:00:00:02:02', `-m physdev ${not}--physdev-is-in`]),
    ...(hasOut ? [`${not}-o ${chance.pick(['br0', 'eth0'])}`] : []),
    ...(chain === 'FORWARD' || chain === 'POSTROUTING'
      ? [`-m physdev --physdev-is-bridged --physdev-out ${port}`, `-m physdev ${not}--physdev-is-bridged`]
      : []),
  ];
  return chance.some(all, chance.pick([0, 1, 1, 2]));
}

function natTable(chance: Chance, network: BridgedNetwork): string {
  const { addresses, family } = network;
  const to = chance.pick([...addresses.stations, addresses.outside, addresses.bridge]);
  const icmp = family === 4 ? 'icmp' : 'ipv6-icmp';
  const rules = [
    `-A PREROUTING -p ${chance.pick(['tcp', 'udp', icmp])} ${chance.pick(['-i br0', '-i eth0', ''])} -j DNAT --to-destination ${to}`,
    '-A PREROUTING -p tcp -m tcp --dport 80 -m physdev --physdev-is-in -j REDIRECT --to-ports 22',
    '-A PREROUTING -m mark --mark 0x1',
    `-A POSTROUTING -p udp -o br0 -j SNAT --to-source ${addresses.bridge}`,
    '-A POSTROUTING -o eth0 -j MASQUERADE',
    '-A POSTROUTING -m physdev --physdev-is-bridged',
    '-A OUTPUT -p tcp',
  ];
  return table(
    'nat',
    ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    chance.some(rules, chance.pick([1, 2, 3])).sort(),
  );
}
