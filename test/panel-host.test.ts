/** The host and the packets that a ruleset suggests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { simulate } from '../server/src/features/simulation';
import { printPacketLine } from '../src-sim/sim/packet-line';
import { HOST, ROUTER } from './panel-rulesets';
import { sharedData } from './support/shared-data';

const examples = join(import.meta.dirname, '..', 'examples');

function suggested(rules: string, chain?: string) {
  const document = createDocument(rules, { fileName: 'rules.v4' });
  return simulate(document, chain === undefined ? {} : { chain }, 1);
}

function addresses(rules: string): Readonly<Record<string, readonly string[] | undefined>> {
  const { interfaces = {} } = suggested(rules).host;
  return Object.fromEntries(Object.entries(interfaces).map(([name, each]) => [name, each.addresses]));
}

const filter = (...rules: readonly string[]): string =>
  ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n');
const nat = (...rules: readonly string[]): string =>
  ['*nat', ':PREROUTING ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n');

test('hints count before everything', () => {
  expect(addresses(ROUTER)).toEqual({ eth0: ['203.0.113.1/24'], eth1: ['10.0.0.1/24'] });
});

test('nothing known: one interface with an address for examples', () => {
  expect(addresses(filter())).toEqual({ eth0: ['203.0.113.1/24'] });
});

test('the rules tell which network is behind which interface, and SNAT which address the outer one has', () => {
  const rules =
    nat('-A POSTROUTING -s 192.168.7.0/24 -o ppp0 -j SNAT --to-source 198.51.100.44') +
    filter('-A FORWARD -s 192.168.7.0/24 -i br-lan -o ppp0 -j ACCEPT');
  expect(addresses(rules)).toEqual({ ppp0: ['198.51.100.44/24'], 'br-lan': ['192.168.7.1/24'] });
  expect(suggested(rules).host.routes).toEqual(['default via 198.51.100.254 dev ppp0']);
});

test('DNAT tells the address of the outer interface and the network of the server', () => {
  const rules =
    nat('-A PREROUTING -d 203.0.113.80/32 -i wan -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.20.0.5') +
    filter('-A FORWARD -o dmz -p tcp -m tcp --dport 25 -j ACCEPT');
  expect(addresses(rules)).toEqual({ wan: ['203.0.113.80/24'], dmz: ['172.20.0.1/24'] });
  const [first] = suggested(rules).packets;
  expect(first && printPacketLine(first)).toBe('in wan tcp 198.51.100.7:40000 > 203.0.113.80:25 S');
});

test('two interfaces never share a subnet', () => {
  const rules = filter(
    '-A FORWARD -s 10.0.0.0/24 -i a -j ACCEPT',
    '-A FORWARD -s 10.0.0.0/24 -i b -j ACCEPT',
    '-A INPUT -i c -j ACCEPT',
  );
  const all = Object.values(addresses(rules)).flat();
  expect(new Set(all.map((text) => text?.split('.').slice(0, 3).join('.'))).size).toBe(3);
});

test('the host forwards where the ruleset has something to say about it', () => {
  expect(suggested(filter('-A FORWARD -j ACCEPT')).host.sysctl).toEqual({ 'net.ipv4.ip_forward': 1 });
  expect(suggested(HOST).host.sysctl).toEqual({});
});

test('sockets stand where the ruleset lets connections in', () => {
  expect(suggested(HOST).host.listen).toEqual(['tcp/22']);
  const open = filter(
    '-A INPUT -p tcp -m tcp --dport 8000:8002 -j ACCEPT',
    '-A INPUT -p udp -m udp --dport 53 -j ACCEPT',
  );
  expect(suggested(open).host.listen).toEqual(['tcp/8000', 'tcp/8001', 'tcp/8002', 'udp/53']);
});

test('packets of each protocol, the first of them one that arrives', () => {
  const { suggested: packets, result } = suggested(HOST);
  expect(new Set(packets.map(({ proto }) => proto))).toEqual(new Set(['tcp', 'udp', 'icmp']));
  expect(packets[0]).toMatchObject({ in: 'eth0', dst: '203.0.113.1', dport: 22 });
  expect(result.packets[0]?.fate.kind).toBe('delivered');
});

test('asked from a chain, the first packet comes to it', () => {
  const { result } = suggested(ROUTER, 'web');
  expect(result.packets[0]?.trace).toContain('filter:web:rule:1');
  const { packets } = suggested(HOST, 'OUTPUT');
  expect(packets[0]?.out).toBe(true);
});

test('a director has its virtual address, a service and a real server', () => {
  const { host, packets, result } = suggested(readFileSync(join(examples, 'lvs-director.rules'), 'utf8'));
  expect(host.ipvs).toContain('-A -t 203.0.113.10:80 -s rr\n-a -t 203.0.113.10:80 -r 203.0.113.21:80 -g -w 1\n');
  expect(packets[0]).toMatchObject({ dst: '203.0.113.10', dport: 80 });
  expect(result.packets[0]?.steps.some(({ kind }) => kind === 'ipvs')).toBe(true);
});

test.each(readdirSync(examples))(
  '%s: what is suggested first arrives, and all of it is simulated without a doubt',
  (name) => {
    const document = createDocument(readFileSync(join(examples, name), 'utf8'), { fileName: name });
    const { suggested: packets, result } = simulate(document, {}, 1);
    expect(['sent', 'delivered']).toContain(result.packets[0]?.fate.kind);
    const whole = simulate(document, { packets }, 1).result;
    expect(whole.load).toEqual({ ok: true, error: '' });
    expect(whole.packets.flatMap(({ unsure }) => unsure)).toEqual([]);
  },
);

test('the outline has the text of every rule, without counters and chain, and where its conditions stand', () => {
  const rules = filter('[3:180] -A INPUT ! -s 10.0.0.0/8 -p tcp -j ACCEPT', '-I INPUT 1 -i lo -j ACCEPT');
  const input = suggested(rules).outline[0]?.chains.find(({ name }) => name === 'INPUT');
  expect(input).toMatchObject({ policy: 'DROP', line: 1 });
  expect(input?.rules.map(({ text, line }) => [line, text])).toEqual([
    [5, '-i lo -j ACCEPT'],
    [4, '! -s 10.0.0.0/8 -p tcp -j ACCEPT'],
  ]);
  const [source] = input?.rules[1]?.conditions ?? [];
  expect(source && input?.rules[1]?.text.slice(source.start, source.end)).toBe('! -s 10.0.0.0/8');
});

test('a host that cannot be built is an answer, not a crash', () => {
  const { result, suggested: packets } = suggested('# chainwalk: interface=eth0\n*filter\nCOMMIT\n');
  expect(result.load.ok).toBe(true);
  expect(packets.length).toBeGreaterThan(0);
  const document = createDocument(HOST);
  const broken = simulate(document, { host: { routes: ['nonsense'] } }, 1);
  expect(broken.result.load.ok).toBe(false);
  expect(broken.result.packets).toEqual([]);
});

const real = sharedData && join(sharedData, 'corpus', 'real');
const STRIDE = 12;

test.skipIf(real === undefined)('real rulesets: a packet is suggested for each, and most of them arrive', () => {
  const names = readdirSync(real ?? '').filter((_, index) => index % STRIDE === 0);
  const fates = names.map((name) => {
    const document = createDocument(readFileSync(join(real ?? '', name), 'utf8'), { fileName: name });
    return simulate(document, {}, 1).result.packets[0]?.fate.kind;
  });
  expect(fates).not.toContain(undefined);
  const arrived = fates.filter((kind) => kind === 'sent' || kind === 'delivered').length;
  expect(arrived / fates.length).toBeGreaterThan(0.8);
});
