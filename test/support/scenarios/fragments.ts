/** Fragments: in order and out of it, doubled, incomplete, with conntrack and without. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { Chance } from './chance';
import { type Draft, FILTER, HOST, NAT, numbered, origin, RAW, table } from './network';

const CONDITIONS = [
  '-f',
  '! -f',
  '-p udp -m udp --dport 53',
  '-p udp -m udp --sport 1024:65535',
  '-p tcp -m tcp --dport 22',
  '-p icmp -m icmp --icmp-type 8',
  '-m length --length 100:65535',
  '-p udp -m multiport --dports 53,80',
  '-p udp -m udp ! --dport 53',
  '-p tcp -m tcp ! --dport 22',
  '-p icmp -m icmp ! --icmp-type 8',
  '-p udp -m multiport ! --dports 53',
];

const HEADER_BYTES = { udp: 8, tcp: 20, icmp: 8 } as const;

export function fragments(seed: number): Scenario {
  const chance = new Chance(`fragments/${seed}`);
  const packets = Array.from({ length: chance.pick([1, 2, 3]) }, (_, index) =>
    cut(chance, whole(chance, 101 + index)),
  ).flat();
  const host = { ...HOST, listen: ['udp/53', 'tcp/22'] };
  return {
    name: `fragments/${seed}`,
    family: 4,
    host,
    rules: rules(chance),
    packets: packets.some(({ frag }) => frag) ? packets : numbered(packets),
  };
}

function rules(chance: Chance): string {
  const raw = chance.pick([
    '-A PREROUTING -f -j ACCEPT',
    '-A PREROUTING ! -f -p udp -m udp --dport 53 -j ACCEPT',
    '-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack',
  ]);
  const tracked = chance.with(0.5);
  const filter = FILTER.flatMap((chain) => [
    ...chance
      .some(CONDITIONS, 4)
      .map(
        (condition) =>
          `-A ${chain} ${condition}${chance.with(0.2) ? chance.pick([' -j ACCEPT', ' -j DROP', ' -j REJECT --reject-with icmp-port-unreachable']) : ''}`,
      ),
    ...(tracked ? [`-A ${chain} -m conntrack --ctstate ${chance.pick(['NEW', 'INVALID', 'ESTABLISHED'])}`] : []),
  ]);
  const nat = chance.pick([
    '-A POSTROUTING -o eth0 -j MASQUERADE',
    '-A PREROUTING -i eth0 -j DNAT --to-destination 10.0.0.2',
  ]);
  return (
    (chance.with(0.5) ? table('raw', RAW, [raw]) : '') +
    table('filter', FILTER, filter) +
    (chance.with(0.3) ? table('nat', NAT, [nat]) : '')
  );
}

type Whole = Draft & { proto: keyof typeof HEADER_BYTES; payload: number };

function whole(chance: Chance, id: number): Whole {
  const [src, dst] = chance.pick([
    ['10.0.0.2', '198.51.100.7'],
    ['198.51.100.7', '203.0.113.1'],
    ['10.0.0.3', '172.16.5.2'],
    ['203.0.113.1', '198.51.100.7'],
  ]) as [string, string];
  const proto = chance.pick(['udp', 'udp', 'tcp', 'icmp'] as const);
  const flags = chance.pick(['S', 'A']);
  return {
    ...origin(src),
    src,
    dst,
    proto,
    id,
    payload: chance.pick([64, 120, 1000]),
    ...(proto === 'icmp'
      ? { icmp: { type: 8, code: 0, id: 5, seq: 1 } }
      : { sport: 4000, dport: chance.pick([53, 22, 80]) }),
    ...(proto === 'tcp' ? { flags, seq: 1, ack: flags === 'A' ? 1 : 0 } : {}),
  };
}

function cut(chance: Chance, packet: Whole): Draft[] {
  if (chance.with(0.2)) return [packet];
  const total = HEADER_BYTES[packet.proto] + packet.payload;
  const size = chance.pick([24, 32, 40, 48, 16]);
  const starts = [0, size, 2 * size];
  const pieces: Draft[] = starts.map((start, index) => {
    const last = index === starts.length - 1;
    return { ...packet, frag: { offset: start / 8, more: !last, size: last ? total - start : size } };
  });
  const ordered = chance.with(0.3) ? chance.some(pieces, pieces.length) : pieces;
  if (chance.with(0.15)) return ordered.slice(0, -1);
  const [head] = ordered;
  return head && chance.with(0.1) ? [head, ...ordered] : ordered;
}
