/** Every protocol but TCP: SCTP's chunks, GRE, UDP-Lite, ESP, unknown ones, and ICMP of all types. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, LAN, NAT, numbered, OUTSIDE, OWN, origin, showStates, table } from './network';

const PROTOCOLS = ['sctp', 'sctp', 'sctp', 'gre', 'udplite', 'esp', 'ah', 89, 112, 2, 4, 41, 99, 253] as const;
const CHUNKS = [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 14] as const;
const ICMP_TYPES = [0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 30, 40] as const;

export function protocols(seed: number): Scenario {
  const chance = new Chance(`protocols/${seed}`);
  const packets = Array.from({ length: chance.pick([4, 8, 12]) }, () => packet(chance));
  const host = { ...HOST, listen: ['udp/53', 'tcp/22'] };
  return { name: `protocols/${seed}`, family: 4, host, rules: rules(chance), packets: numbered(packets) };
}

function rules(chance: Chance): string {
  const protocol = chance.pick(['sctp', 'gre', 'udplite', 'esp', 'ah', '89', '112']);
  const verdict = chance.pick(['DROP', 'REJECT --reject-with icmp-port-unreachable', 'ACCEPT']);
  const filter = [
    ...FILTER.flatMap(showStates),
    ...(chance.with(0.5) ? [`-A FORWARD -p ${protocol} -j ${verdict}`] : []),
  ];
  const mapping = chance.pick([
    '-A POSTROUTING -o eth0 -j MASQUERADE',
    '-A PREROUTING -i eth0 -j DNAT --to-destination 10.0.0.2',
    '-A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.9',
  ]);
  return table('filter', FILTER, filter) + (chance.with(0.5) ? table('nat', NAT, [mapping]) : '');
}

function packet(chance: Chance): Draft {
  const [a, b] = chance.pick([
    [LAN, OUTSIDE],
    ['10.0.0.3', OWN],
    ['198.51.100.8', OWN],
  ]) as [string, string];
  const [src, dst] = a !== '198.51.100.8' && chance.with(0.4) ? [b, a] : [a, b];
  if (chance.with(0.25)) {
    const icmp = { type: chance.pick(ICMP_TYPES), code: chance.pick([0, 0, 1]), id: chance.pick([7, 8]), seq: 1 };
    return { ...origin(src), src, dst, proto: 'icmp', icmp, payload: chance.pick([0, 12, 24]) };
  }
  const proto = chance.pick(PROTOCOLS);
  const [sport, dport] = chance.pick([
    [1000, 2000],
    [2000, 1000],
    [1000, 53],
  ]) as [number, number];
  const chunk = chance.pick(CHUNKS);
  return {
    ...origin(src),
    src,
    dst,
    proto,
    ...(proto === 'sctp' || proto === 'udplite' ? { sport, dport } : {}),
    ...(proto === 'sctp' ? { chunk, vtag: chunk === 1 ? 0 : chance.pick([1, 7, 7]) } : {}),
    ...(chance.with(0.3) ? { payload: chance.pick([0, 10, 100]) } : {}),
  };
}
