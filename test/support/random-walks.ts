/** Rulesets and packets by chance, for walks: every match and target that is declared, chains of any length, odd packets. */
import fc from 'fast-check';
import type { Family } from '../../src-sim/net/address';
import type { HostDescription, ScenarioPacket } from '../../src-sim/sim/scenario';
import { EXTENSIONS } from '../../src-sim/xt/registry';
import { familyOfExample } from './example-rules';

export interface RandomWalk {
  readonly family: Family;
  readonly rules: string;
  readonly host: HostDescription;
  readonly packets: readonly ScenarioPacket[];
}

interface Addresses {
  readonly outside: readonly string[];
  readonly inside: readonly string[];
  readonly own: readonly string[];
  readonly networks: readonly string[];
  readonly icmp: string;
  readonly host: HostDescription;
}

const ADDRESSES: Readonly<Record<Family, Addresses>> = {
  ipv4: {
    outside: ['198.51.100.7', '198.51.100.8', '203.0.113.50'],
    inside: ['10.0.0.2', '10.0.0.3'],
    own: ['203.0.113.1', '10.0.0.1'],
    networks: ['10.0.0.0/24', '198.51.100.0/24', '198.51.100.7/32', '10.0.0.2/31', '0.0.0.0/1', '10.0.0.0/255.0.0.255'],
    icmp: 'icmp',
    host: {
      interfaces: { eth0: { addresses: ['203.0.113.1/24'] }, eth1: { addresses: ['10.0.0.1/24'] } },
      routes: ['default via 203.0.113.254 dev eth0'],
      listen: ['tcp/22', 'udp/53'],
      sysctl: { 'net.ipv4.ip_forward': 1 },
    },
  },
  ipv6: {
    outside: ['2001:db8:1::7', '2001:db8:1::8'],
    inside: ['2001:db8:2::2', '2001:db8:2::3'],
    own: ['2001:db8::1', '2001:db8:2::1'],
    networks: ['2001:db8:2::/64', '2001:db8:1::7/128', '2001:db8::/32', '::/1', 'ff00::/8'],
    icmp: 'ipv6-icmp',
    host: {
      interfaces: { eth0: { addresses: ['2001:db8::1/64'] }, eth1: { addresses: ['2001:db8:2::1/64'] } },
      routes: ['default via 2001:db8::254 dev eth0'],
      listen: ['tcp/22', 'udp/53'],
      sysctl: { 'net.ipv6.conf.all.forwarding': 1 },
    },
  },
};

const PORTS = [22, 53, 80, 443, 1024, 40_000];

/** A word, its negation now and then, or nothing. */
function maybe(word: fc.Arbitrary<string>, weight = 1): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    { weight: 3 * weight, arbitrary: word },
    { weight, arbitrary: word.map((text) => `! ${text}`) },
  );
}

/** Conditions on the header's fields, as rules mostly have them. */
function headerConditions({ networks, icmp }: Addresses): fc.Arbitrary<string> {
  const port = fc.constantFrom('22', '53', '80', '22:80', '1024:65535', '0:52');
  const transport = fc
    .constantFrom('tcp', 'udp')
    .chain((protocol) =>
      fc
        .tuple(
          maybe(port.map((value) => `--dport ${value}`)),
          maybe(port.map((value) => `--sport ${value}`)),
          protocol === 'tcp' ? maybe(fc.constantFrom('--syn', '--tcp-flags SYN,ACK SYN')) : fc.constant(''),
        )
        .map((words) => `-p ${protocol} -m ${protocol} ${words.join(' ')}`),
    );
  const multiport = fc
    .tuple(fc.constantFrom('dports', 'sports', 'ports'), fc.constantFrom('22,80', '53,1024:65535'))
    .map(([option, list]) => `-p tcp -m multiport --${option} ${list}`);
  const protocol = fc.oneof(
    { weight: 3, arbitrary: transport },
    { weight: 1, arbitrary: multiport },
    { weight: 2, arbitrary: fc.constantFrom('', `-p ${icmp}`, '! -p tcp', '-p sctp', '-p gre') },
  );
  const state = fc
    .constantFrom('NEW', 'ESTABLISHED,RELATED', 'INVALID', 'UNTRACKED')
    .map((list) => `--ctstate ${list}`);
  return fc
    .tuple(
      maybe(fc.constantFrom(...networks).map((network) => `-s ${network}`)),
      maybe(fc.constantFrom(...networks).map((network) => `-d ${network}`)),
      maybe(fc.constantFrom('eth0', 'eth+', 'lo').map((name) => `-i ${name}`)),
      protocol,
      maybe(state).map((words) => (words === '' ? '' : `-m conntrack ${words}`)),
      fc.constantFrom('', '', '', '-m mark --mark 0x1', '-m mark ! --mark 0x2/0x3', '-m comment --comment x'),
    )
    .map((words) => words.filter((word) => word !== '').join(' '));
}

/** What only some packets meet, or what remembers. */
const METERS = [
  '-m limit --limit 1/min --limit-burst 3',
  '-m recent --set --name a',
  '-m recent --update --name a --seconds 5 --hitcount 2',
  '-m statistic --mode random --probability 0.5',
  '-m statistic --mode nth --every 3 --packet 0',
  '-m quota --quota 500',
  '-m connlimit --connlimit-above 1',
  '-m addrtype --dst-type LOCAL',
];

const TARGETS = ['ACCEPT', 'DROP', 'RETURN', 'REJECT', 'MARK --set-mark 1', 'MARK --or-mark 2', 'LOG', 'NOTHING'];

function exampleMatches(family: Family): readonly string[] {
  return EXTENSIONS.filter(({ kind }) => kind === 'match').flatMap((extension) =>
    extension.examples
      .filter((example) => example.kind !== 'refused' && extension.families.includes(family))
      .filter((example) => familyOfExample(extension, example) === family || extension.families.length > 1)
      .map(({ rule }) => rule),
  );
}

function ruleConditions(family: Family): fc.Arbitrary<string> {
  const header = headerConditions(ADDRESSES[family]);
  const meter = fc.constantFrom(...METERS);
  return fc.oneof(
    { weight: 8, arbitrary: header },
    { weight: 2, arbitrary: fc.tuple(header, meter).map((words) => words.join(' ')) },
    // Conditions behind a match that remembers must not spare it the packet.
    { weight: 1, arbitrary: fc.tuple(meter, header).map((words) => words.join(' ')) },
    { weight: 2, arbitrary: fc.constantFrom(...exampleMatches(family)) },
  );
}

const OWN_CHAINS = ['first', 'second', 'third'];

/** The rules of a chain; jumps lead to the chains behind it, so that none is a loop. */
function chainRules(name: string, family: Family): fc.Arbitrary<readonly string[]> {
  const behind = OWN_CHAINS.slice(OWN_CHAINS.indexOf(name) + 1);
  const jumps = behind.flatMap((chain) => [`-j ${chain}`, `-g ${chain}`]);
  const target = fc.constantFrom(...TARGETS.map((word) => (word === 'NOTHING' ? '' : `-j ${word}`)), ...jumps);
  const rule = fc.tuple(ruleConditions(family), target).map(([words, end]) => `-A ${name} ${words} ${end}`);
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(rule, { maxLength: 8 }) },
    { weight: 1, arbitrary: fc.array(rule, { minLength: 30, maxLength: 100, size: 'max' }) },
  );
}

function filterTable(family: Family): fc.Arbitrary<string> {
  const names = ['INPUT', 'FORWARD', 'OUTPUT', ...OWN_CHAINS];
  return fc
    .tuple(fc.constantFrom('ACCEPT', 'DROP'), fc.tuple(...names.map((name) => chainRules(name, family))))
    .map(([policy, chains]) =>
      [
        '*filter',
        ...['INPUT', 'FORWARD', 'OUTPUT'].map((name) => `:${name} ${policy} [0:0]`),
        ...OWN_CHAINS.map((name) => `:${name} - [0:0]`),
        ...chains.flat(),
        'COMMIT',
      ].join('\n'),
    );
}

function earlierTables({ own, outside }: Addresses): fc.Arbitrary<string> {
  const bracketed = own[0]?.includes(':') ? `[${own[0]}]` : own[0];
  return fc.constantFrom(
    '',
    '*raw\n-A PREROUTING -p udp -j NOTRACK\n-A OUTPUT -p udp --dport 53 -j CT --notrack\nCOMMIT\n',
    '*mangle\n-A PREROUTING -p tcp -j MARK --set-mark 1\n-A PREROUTING -m mark --mark 1 -j MARK --set-mark 2\nCOMMIT\n',
    `*nat\n-A PREROUTING -d ${own[0]} -p tcp --dport 80 -j DNAT --to-destination ${outside[0]}\n` +
      `-A POSTROUTING -o eth0 -j SNAT --to-source ${bracketed}\nCOMMIT\n`,
  );
}

function randomPacket({ outside, inside, own, icmp }: Addresses): fc.Arbitrary<ScenarioPacket> {
  const anywhere = fc.constantFrom(...outside, ...inside, ...own);
  return fc
    .record({
      way: fc.constantFrom('eth0', 'eth0', 'eth1', 'out'),
      src: anywhere,
      dst: anywhere,
      proto: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'udp', icmp, 'sctp', 'gre', 'udplite', '33', '99'),
      sport: fc.constantFrom(...PORTS),
      dport: fc.constantFrom(...PORTS),
      flags: fc.constantFrom('S', 'S', 'SA', 'A', 'R', 'FA', 'SF'),
      frag: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 0, 1, 185),
      wait: fc.constantFrom(0, 0, 1, 200),
      payload: fc.constantFrom(0, 10, 'GET / HTTP/1.1'),
    })
    .map(({ way, frag, ...packet }) => ({
      ...packet,
      ...(way === 'out' ? { out: true } : { in: way }),
      ...(frag === undefined ? {} : { frag: { offset: frag, more: frag === 0 } }),
    }));
}

export const randomWalk: fc.Arbitrary<RandomWalk> = fc.constantFrom<Family>('ipv4', 'ipv4', 'ipv6').chain((family) =>
  fc
    .tuple(
      earlierTables(ADDRESSES[family]),
      filterTable(family),
      fc.array(randomPacket(ADDRESSES[family]), { minLength: 5, maxLength: 25 }),
    )
    .map(([earlier, filter, packets]) => ({
      family,
      rules: `${earlier}${filter}\n`,
      host: ADDRESSES[family].host,
      packets,
    })),
);
