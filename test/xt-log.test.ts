/** What LOG writes, as a Linux 6.18 wrote it for the same packets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import { parsePacketLine } from '../src-sim/sim/packet-line';
import type { HostDescription } from '../src-sim/sim/scenario';

const RULES = `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -j LOG --log-prefix "it: " --log-tcp-sequence --log-tcp-options
COMMIT
`;

const HOST: HostDescription = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24', '2001:db8::1/64'] },
    eth1: { addresses: ['10.0.0.1/24', '2001:db8:1::1/64'] },
  },
  routes: ['default via 203.0.113.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
};

const recorded = readFileSync(join(import.meta.dirname, 'data/log-lines.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): { packet: string; line: string } => JSON.parse(line));

it.each(recorded)('$packet', ({ packet, line }) => {
  const parsed = parsePacketLine(packet);
  if (!parsed.ok) throw new Error(parsed.error);
  const family = parsed.packet.src.includes(':') ? 6 : 4;
  const routes = family === 6 ? [] : (HOST.routes ?? []);
  const result = runScenario({ family, rules: RULES, host: { ...HOST, routes }, packets: [parsed.packet] });
  expect(result.load).toEqual({ ok: true, error: '' });
  const steps = result.packets[0]?.steps ?? [];
  expect(steps.flatMap((step) => (step.kind === 'rule' && step.matched ? [step.detail] : []))).toEqual([`it: ${line}`]);
});
