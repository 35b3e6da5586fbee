import { describe, expect, it } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import { runScenario } from '../server/src/analysis/run-scenario';
import { parsePacketLine } from '../src-sim/sim/packet-line';
import type { HostDescription } from '../src-sim/sim/scenario';
import type { Example, Extension } from '../src-sim/xt/define';
import { printRule } from '../src-sim/xt/print-rule';
import { EXTENSIONS } from '../src-sim/xt/registry';
import { familyOfExample, placeOf, restoreFile } from './support/example-rules';
import { exampleTitle } from './support/example-title';

/** What the examples of `set` count on. */
const IPSETS = `create ips hash:ip
add ips 198.51.100.7
create nets hash:net counters
add nets 198.51.100.0/24
add nets 198.51.100.8 nomatch
create ipport hash:ip,port
add ipport 10.0.0.2,udp:53
`;

const HOST: HostDescription = {
  ipsets: IPSETS,
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24', '2001:db8::1/64'] },
    eth1: { addresses: ['10.0.0.1/24', '2001:db8:1::1/64'] },
  },
  routes: ['default via 203.0.113.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
};

describe.each(EXTENSIONS.map((extension) => [`${extension.kind} ${extension.name}`, extension] as const))(
  '%s',
  (_name, extension) => {
    it('has examples', () => expect(extension.examples).not.toEqual([]));

    for (const example of extension.examples) it(exampleTitle(example), () => check(extension, example));
  },
);

function check(extension: Extension, example: Example): void {
  const family = familyOfExample(extension, example);
  const place = placeOf(extension, example.rule);
  const text = restoreFile(place, example.rule);
  if (example.kind === 'packet') {
    const line = parsePacketLine(example.packet);
    if (!line.ok) throw new Error(`${example.packet}: ${line.error}`);
    const given = line.packet.src.includes(':') ? 6 : 4;
    const chain = example.packet.startsWith('out') ? 'OUTPUT' : chainOf(example.packet, place.chain);
    const rules = restoreFile({ ...place, chain }, example.rule);
    const result = runScenario({ family: given, rules, host: HOST, packets: [line.packet] });
    expect(result.load).toEqual({ ok: true, error: '' });
    expect(result.packets[0]?.unsure).toEqual([]);
    const first = result.counters[`${place.table}:${chain}:1`]?.[0];
    expect(first).toBe(example.matched ? 1 : 0);
    return;
  }
  const document = createDocument(text, { family });
  const problems = allProblems(document);
  // A warning, where one of iptables' two variants only refuses the rule.
  if (example.kind === 'refused') {
    expect(problems).not.toEqual([]);
    return;
  }
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  const rule = lower(document.tree).tables[0]?.chains.find((chain) => chain.name === place.chain)?.rules[0];
  expect(rule && printRule(rule, family)).toBe(example.saved);
}

/** To this host itself it is INPUT. */
function chainOf(packet: string, preferred: string): 'INPUT' | 'FORWARD' | 'PREROUTING' {
  if (preferred === 'PREROUTING') return 'PREROUTING';
  return /> (203\.0\.113\.(1|255)|2001:db8::1)\b/.test(packet) ? 'INPUT' : 'FORWARD';
}
