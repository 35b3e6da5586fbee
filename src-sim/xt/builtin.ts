import { addressValue, inNetwork } from '../net/address';
import { upperProtocol } from '../net/ipv6-header';
import { isLaterFragment, type Packet } from '../net/packet';
import { protocolName } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import { interfaceMatches, interfaceName, type Network, networks } from './address-types';
import { compare, defineMatch, fails, leaves, type MatchAnswer, option, same, saved, takes } from './define';
import { protocol } from './protocol-type';
import type { Region, RegionCondition } from './region';
import { flag } from './value-types';

const IN_HOOKS = ['PREROUTING', 'INPUT', 'FORWARD'] as const;
const OUT_HOOKS = ['FORWARD', 'OUTPUT', 'POSTROUTING'] as const;

/** A rule for every protocol names none. */
const anyOrOne = { ...protocol, omitted: (number: number, inverted: boolean) => number === 0 && !inverted };

/** The conditions that every rule may have without `-m`: the fields of `struct ipt_ip` and `struct ip6t_ip6`. */
export const builtin = defineMatch({
  name: 'builtin',
  families: ['ipv4', 'ipv6'],
  summary: 'The conditions that need no `-m`: addresses, interfaces, protocol, fragments.',
  details: [
    'They are tested before every `-m` match, whatever their place in the rule, and `iptables-save` prints them',
    'first: `-s -d -i -o -p -f`. Several addresses with commas make one rule each, so that `-s a,b -d c,d` loads',
    'four rules. An address is what the packet carries *at that hook*: after DNAT in INPUT and FORWARD, before',
    'SNAT in POSTROUTING.',
  ].join('\n'),
  kernel: 'net/ipv4/netfilter/ip_tables.c:ip_packet_match',
  options: {
    source: option(networks, 'Source address or network of the packet.', {
      short: 's',
      aliases: ['src'],
      invert: true,
    }),
    destination: option(networks, 'Destination address or network of the packet.', {
      short: 'd',
      aliases: ['dst'],
      invert: true,
    }),
    'in-interface': option(
      interfaceName,
      'Interface by which the packet came in. A `+` at the end stands for any rest of the name.',
      { short: 'i', invert: true, hooks: IN_HOOKS },
    ),
    'out-interface': option(
      interfaceName,
      'Interface by which the packet will leave. A `+` at the end stands for any rest of the name.',
      { short: 'o', invert: true, hooks: OUT_HOOKS },
    ),
    protocol: option(anyOrOne, 'Protocol of the packet: its name, its number, or `all`.', {
      short: 'p',
      invert: true,
    }),
    fragment: option(
      flag,
      'Second and further fragments, which carry no ports. Where conntrack runs, no packet is one.',
      { short: 'f', invert: true },
    ),
  },
  examples: [
    saved('-s 10.0.0.1/8', '-s 10.0.0.0/8'),
    saved('-s 10.1/16', '-s 10.1.0.0/16'),
    saved('-s 010.0.0.1', '-s 8.0.0.1/32'),
    saved('-s 10.300', '-s 10.0.1.44/32'),
    same('-s 10.0.0.0/255.0.255.0'),
    saved('--src 1.1.1.1 --dst 2.2.2.2', '-s 1.1.1.1/32 -d 2.2.2.2/32'),
    saved('-s 0.0.0.0/0', ''),
    same('! -s 0.0.0.0/0'),
    saved('-i + -o eth1 -p 6', '-o eth1 -p tcp'),
    saved('-p icmpv6', '-p ipv6-icmp'),
    saved('-p all', ''),
    same('! -s 2.2.2.2/32 ! -d 1.1.1.0/30 -i e ! -o f ! -p tcp'),
    saved('-o f -f -p udp', '-o f -p udp -f'),
    fails('-s 10.0.0.1/33', 'not a mask'),
    fails('-s 256.1.1.1', 'not an IPv4 address'),
    fails('! -s 10.0.0.1,10.0.0.2', 'several addresses'),
    fails('! -p all', 'never match'),
    fails('-p any', 'unknown protocol'),
    fails('-i thisinterfaceistoolong0', 'longer than 15'),
    takes('-s 198.51.100.0/24', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('! -s 198.51.100.0/24', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-i eth+', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    leaves('-p udp', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-f', 'in eth0 udp 198.51.100.7 > 10.0.0.2 frag=@185'),
    leaves('-f', 'in eth0 udp 198.51.100.7:4000 > 10.0.0.2:53 frag=1480@0+'),
  ],
  refuses(given, { family }) {
    const listed = [given.source, given.destination].find((list) => list?.inverted && list.value.length > 1);
    if (listed) return '! cannot stand before several addresses';
    if (given.protocol?.inverted && given.protocol.value === 0)
      return 'the rule would never match: ! before every protocol';
    const nowhere = [given.source, given.destination].some(
      (list) => list?.inverted && list.value.every(({ mask }) => addressValue(mask) === 0n),
    );
    if (nowhere) return { why: 'the rule would never match: ! before every address', by: 'nft' };
    return given.fragment && family === 'ipv6' ? '-f is not there in IPv6: use -m frag' : undefined;
  },
  matches(packet, given, world) {
    return firstFailing([
      given.source && compareNetworks('source', given.source, packet.src),
      given.destination && compareNetworks('destination', given.destination, packet.dst),
      given['in-interface'] && compareInterface('in-interface', given['in-interface'], world.inDevice, 'came in by'),
      given['out-interface'] && compareInterface('out-interface', given['out-interface'], world.outDevice, 'leaves by'),
      given.protocol && compareProtocol(given.protocol, packet),
      given.fragment &&
        compare('fragment', given.fragment, isLaterFragment(packet), () =>
          isLaterFragment(packet) ? 'the packet is a later fragment' : 'the packet is no later fragment',
        ),
    ]);
  },
  region(given) {
    // Regions speak of whole packets.
    if (given.fragment && !given.fragment.inverted) return [];
    const conditions: RegionCondition[] = [];
    if (given['in-interface']) conditions.push(interfaceCondition('in', given['in-interface']));
    if (given['out-interface']) conditions.push(interfaceCondition('out', given['out-interface']));
    if (given.protocol && given.protocol.value !== 0) {
      const { value, inverted } = given.protocol;
      conditions.push({ kind: 'range', field: 'protocol', ranges: [[value, value]], inverted });
    }
    const sources = networkConditions('src', given.source);
    const destinations = networkConditions('dst', given.destination);
    return sources.flatMap((source) =>
      destinations.map(
        (destination): Region => ({ conditions: [...source, ...destination, ...conditions], exact: true }),
      ),
    );
  },
});

function firstFailing(answers: readonly (MatchAnswer | undefined)[]): MatchAnswer {
  return answers.find((answer) => answer !== undefined && answer !== true) ?? true;
}

function compareNetworks(name: string, given: Given<readonly Network[]>, address: string): MatchAnswer {
  const held = given.value.some((network) => inNetwork(address, network));
  return compare(name, given, held, () => `the ${name} is ${address}`);
}

function compareInterface(name: string, given: Given<string>, device: string | undefined, verb: string): MatchAnswer {
  const saw = () => (device === undefined ? 'the packet has no such interface here' : `the packet ${verb} ${device}`);
  return compare(name, given, interfaceMatches(given.value, device), saw);
}

function compareProtocol(given: Given<number>, packet: Packet): MatchAnswer {
  const protocol = upperProtocol(packet);
  if (protocol === 'broken') return { kind: 'hotdrop', reason: 'the headers of the packet are cut short' };
  const held = given.value === 0 || given.value === protocol;
  return compare('protocol', given, held, () => `the protocol is ${protocolName(protocol)}`);
}

function interfaceCondition(field: 'in' | 'out', { value, inverted }: Given<string>): RegionCondition {
  return { kind: 'interface', field, pattern: value, inverted };
}

/** One list of conditions for each network, since any of them will do. */
function networkConditions(
  field: 'src' | 'dst',
  given: Given<readonly Network[]> | undefined,
): readonly (readonly RegionCondition[])[] {
  if (given === undefined) return [[]];
  return given.value.map((network) => {
    const any = addressValue(network.mask) === 0n && !given.inverted;
    return any ? [] : [{ kind: 'network', field, network, inverted: given.inverted }];
  });
}
