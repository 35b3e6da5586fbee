/** What the hovers of the states claim, held to the simulator: the sample lines, and which packets a state takes. */
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import { explainConntrackLine } from '../server/src/features/conntrack-fields';
import { STATE_WORDS, type StateWordName } from '../server/src/features/state-words';
import { parsePacketLine } from '../src-sim/sim/packet-line';
import type { HostDescription } from '../src-sim/sim/scenario';
import { simulate } from '../src-sim/sim/simulator';
import type { PacketResult } from '../src-sim/sim/trace';

/** Forwards between the client 198.51.100.7 and the server 203.0.113.1. */
const BETWEEN: HostDescription = {
  interfaces: { eth0: { addresses: ['198.51.100.1/24'] }, eth1: { addresses: ['203.0.113.254/24'] } },
  sysctl: { 'net.ipv4.ip_forward': 1 },
};

const SERVER: HostDescription = {
  interfaces: { eth0: { addresses: ['203.0.113.1/24'] } },
  routes: ['default via 203.0.113.254 dev eth0'],
};

const ROUTER: HostDescription = {
  interfaces: { wan0: { addresses: ['203.0.113.1/24'] }, lan0: { addresses: ['192.168.10.1/24'] } },
  routes: ['default via 203.0.113.254 dev wan0'],
  sysctl: { 'net.ipv4.ip_forward': 1 },
};

const SYN = 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S seq=100';
const SYN_ACK = 'in eth1 tcp 203.0.113.1:22 > 198.51.100.7:40000 SA seq=500 ack=101';
const ACK = 'in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 A seq=101 ack=501';
const QUERY = 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53';
const ANSWER = 'in eth1 udp 203.0.113.1:53 > 198.51.100.7:40000';
const OUTWARDS = 'in lan0 tcp 192.168.10.5:40000 > 198.51.100.7:443 S';
const OUTWARDS_ANSWER = 'in wan0 tcp 198.51.100.7:443 > 203.0.113.1:40000 SA ack=1';
const INWARDS = 'in wan0 tcp 198.51.100.7:40000 > 203.0.113.1:443 S';
const UNREACHABLE = `in eth1 icmp 203.0.113.1 > 198.51.100.7 port-unreachable ( ${QUERY.replace('in eth0 ', '')} )`;

const NOTRACK = '*raw\n-A PREROUTING -i eth0 -j CT --notrack\nCOMMIT\n';
const SNAT = '*nat\n-A POSTROUTING -o wan0 -j SNAT --to-source 203.0.113.1\nCOMMIT\n';
const DNAT = '*nat\n-A PREROUTING -i wan0 -p tcp --dport 443 -j DNAT --to-destination 192.168.10.20:8443\nCOMMIT\n';

/** @param state filter's first rule in each chain accepts it, and nothing is dropped */
function run(state: string, host: HostDescription, packets: readonly string[], tables = ''): readonly PacketResult[] {
  const accepts = ['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => `-A ${chain} -m conntrack ${state} -j ACCEPT\n`);
  const document = createDocument(`${tables}*filter\n${accepts.join('')}COMMIT\n`);
  const read = packets.map((line) => {
    const parsed = parsePacketLine(line);
    if (!parsed.ok) throw new Error(`${line}: ${parsed.error} at ${parsed.offset}`);
    return parsed.packet;
  });
  return simulate(lower(document.tree), { host, packets: read }).packets;
}

function isTaken(result: PacketResult | undefined): boolean {
  return result?.trace.some((place) => /^filter:\w+:rule:1$/.test(place)) ?? false;
}

describe('the sample lines are what the table holds', () => {
  const samples: readonly (readonly [StateWordName, HostDescription, readonly string[], string])[] = [
    ['NEW', BETWEEN, [SYN], ''],
    ['ESTABLISHED', BETWEEN, [SYN, SYN_ACK, ACK], ''],
    ['RELATED', SERVER, [QUERY], ''],
    ['SNAT', ROUTER, [OUTWARDS], SNAT],
    ['DNAT', ROUTER, [INWARDS], DNAT],
  ];

  /** The kernel's seconds have begun to run when somebody reads them. */
  const started = (line: string) => line.replace(/ (120|30|432000) /, (_, seconds) => ` ${Number(seconds) - 1} `);

  test.each(samples)('%s', (state, host, packets, tables) => {
    const last = run(`--ctstate ${state}`, host, packets, tables).at(-1);
    const sample = STATE_WORDS[state].sample ?? '';
    expect(last?.conntrack.map(started)).toEqual([started(sample)]);
  });

  test.each(Object.entries(STATE_WORDS))('every field of %s is explained', (_, { sample }) => {
    const fields = sample === undefined ? [] : explainConntrackLine(sample);
    expect(fields.map(({ text }) => text).join(' ')).toBe(sample ?? '');
    expect(fields.map(({ meaning }) => meaning)).not.toContain('a field of a later kernel or of a module');
  });
});

describe('what the hovers say', () => {
  const claims: readonly (readonly [string, boolean, string, HostDescription, readonly string[], string])[] = [
    ['NEW takes the first SYN', true, '--ctstate NEW', BETWEEN, [SYN], ''],
    ['NEW is not SYN: a bare ACK is NEW', true, '--ctstate NEW', BETWEEN, [ACK], ''],
    ['a SYN,ACK out of nowhere is INVALID', true, '--ctstate INVALID', BETWEEN, [SYN_ACK], ''],
    ['a second datagram without an answer is NEW', true, '--ctstate NEW', BETWEEN, [QUERY, QUERY], ''],
    ['the first answer is ESTABLISHED', true, '--ctstate ESTABLISHED', BETWEEN, [QUERY, ANSWER], ''],
    ['without an answer nothing is ESTABLISHED', false, '--ctstate ESTABLISHED', BETWEEN, [SYN, ACK], ''],
    ['an ICMP error about a flow is RELATED', true, '--ctstate RELATED', BETWEEN, [QUERY, UNREACHABLE], ''],
    ['one about an unknown flow is INVALID', true, '--ctstate INVALID', BETWEEN, [UNREACHABLE], ''],
    ['one about an untracked packet is INVALID', true, '--ctstate INVALID', BETWEEN, [QUERY, UNREACHABLE], NOTRACK],
    ['UNTRACKED takes what NOTRACK left', true, '--ctstate UNTRACKED', BETWEEN, [QUERY], NOTRACK],
    ['the other four do not', false, '--ctstate NEW,ESTABLISHED,RELATED,INVALID', BETWEEN, [QUERY], NOTRACK],
    ['a negation does', true, '! --ctstate INVALID', BETWEEN, [QUERY], NOTRACK],
    ['an answer is not UNTRACKED by itself', false, '--ctstate UNTRACKED', BETWEEN, [QUERY, ANSWER], NOTRACK],
    ['SNAT is not set yet in FORWARD', false, '--ctstate SNAT', ROUTER, [OUTWARDS], SNAT],
    ['SNAT holds for the answer', true, '--ctstate SNAT', ROUTER, [OUTWARDS, OUTWARDS_ANSWER], SNAT],
    ['DNAT is set in FORWARD', true, '--ctstate DNAT', ROUTER, [INWARDS], DNAT],
    ['without a rule it is not', false, '--ctstate DNAT', BETWEEN, [SYN], ''],
  ];

  test.each(claims)('%s', (_, taken, state, host, packets, tables) => {
    expect(isTaken(run(state, host, packets, tables).at(-1))).toBe(taken);
  });

  test('a NEW packet that is dropped leaves no entry', () => {
    const drop = '*mangle\n-A FORWARD -j DROP\nCOMMIT\n';
    expect(run('--ctstate NEW', BETWEEN, [SYN], drop).at(-1)?.conntrack).toEqual([]);
  });
});
