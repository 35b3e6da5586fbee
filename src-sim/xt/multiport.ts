import { destinationPort, isLaterFragment, sourcePort } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { compare, defineMatch, fails, leaves, mismatch, option, same, saved, takes } from './define';
import { portList } from './port-types';
import type { Region } from './region';
import { inSpan, type NumberSpan } from './value-types';

const PROTOCOLS = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp, PROTOCOL.dccp];

export const multiport = defineMatch({
  name: 'multiport',
  families: ['ipv4', 'ipv6'],
  protocols: PROTOCOLS,
  summary: 'Up to 15 ports and ranges of ports in one rule.',
  details: [
    'A range takes two of the 15 places. `--ports` is content with either end. A later fragment has no ports and never',
    'matches; a packet too short for ports is dropped at once.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_multiport.c:multiport_mt',
  oneOf: [['sports', 'dports', 'ports']],
  options: {
    sports: option(portList, 'The source port is one of these.', { invert: true, aliases: ['source-ports'] }),
    dports: option(portList, 'The destination port is one of these.', { invert: true, aliases: ['destination-ports'] }),
    ports: option(portList, 'The source port or the destination port is one of these.', { invert: true }),
  },
  examples: [
    fails('-p udp -m multiport --dports 53,ssh', 'no service of udp'),
    saved('-p udp -m multiport --dports comsat,domain', '-p udp -m multiport --dports 512,53'),
    saved('-p tcp -m multiport --dports 22,0x16,ssh:80', '-p tcp -m multiport --dports 22,22,22:80'),
    saved('-p udp -m multiport ! --source-ports "22, 80"', '-p udp -m multiport ! --sports 22,80'),
    same('-p sctp -m multiport --ports 80,22:25'),
    fails('-m multiport --dports 22', 'needs a protocol'),
    fails('! -p tcp -m multiport --dports 22', 'needs a protocol'),
    fails('-p icmp -m multiport --dports 22', 'needs a protocol'),
    fails('-p tcp -m multiport --dports 80:22', 'not a range'),
    fails('-p tcp -m multiport --dports 80:', 'not a port'),
    fails('-p tcp -m multiport --dports 22,', 'not a port'),
    fails('-p tcp -m multiport --dports 1:2,3,4,5,6,7,8,9,10,11,12,13,14,15,16', 'too many ports'),
    fails('-p tcp -m multiport --dports 22 --sports 23', 'excludes'),
    fails('-p tcp -m multiport', 'one of'),
    takes('-p tcp -m multiport --dports 22,80:90', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:85 S'),
    leaves('-p tcp -m multiport ! --dports 22,80:90', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:85 S'),
    takes('-p udp -m multiport --ports 53', 'in eth0 udp 198.51.100.7:53 > 10.0.0.2:4000'),
    leaves('-p udp -m multiport ! --ports 53', 'in eth0 udp 198.51.100.7 > 10.0.0.2 frag=@185'),
  ],
  matches(packet, given) {
    if (isLaterFragment(packet)) return mismatch('', 'a later fragment has no ports');
    const source = sourcePort(packet);
    const destination = destinationPort(packet);
    if (source === undefined || destination === undefined) {
      return { kind: 'hotdrop', reason: 'the packet is too short for ports' };
    }
    const { sports, dports, ports } = given;
    if (sports) return compare('sports', sports, listed(source, sports.value), () => `the source port is ${source}`);
    if (dports) {
      return compare(
        'dports',
        dports,
        listed(destination, dports.value),
        () => `the destination port is ${destination}`,
      );
    }
    if (ports === undefined) return true;
    const held = listed(source, ports.value) || listed(destination, ports.value);
    return compare('ports', ports, held, () => `the ports are ${source} and ${destination}`);
  },
  region({ sports, dports, ports }): readonly Region[] {
    const condition = (field: 'sport' | 'dport', given: { value: readonly NumberSpan[]; inverted: boolean }) =>
      ({
        kind: 'range',
        field,
        ranges: given.value.map(({ min, max }) => [min, max] as const),
        inverted: given.inverted,
      }) as const;
    if (sports) return [{ conditions: [condition('sport', sports)], exact: true }];
    if (dports) return [{ conditions: [condition('dport', dports)], exact: true }];
    if (ports === undefined) return [];
    const both = [condition('sport', ports), condition('dport', ports)];
    if (ports.inverted) return [{ conditions: both, exact: true }];
    return both.map((one) => ({ conditions: [one], exact: true }));
  },
});

function listed(port: number, list: readonly NumberSpan[]): boolean {
  return list.some((span) => inSpan(port, span));
}
