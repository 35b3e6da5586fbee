/** What the simulator says of a finding's witness and its fixes: that they help, and that they leave other packets alone. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { createDocument } from '../../server/src/analysis/document';
import { lower } from '../../server/src/analysis/lower';
import type { GoodExample } from '../../server/src/lint/define';
import { applyEdits, type Finding, type Fix, type FixScope, type Witness } from '../../server/src/lint/finding';
import { suffers } from '../../server/src/lint/harm';
import type { Ruleset } from '../../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../../src-sim/sim/scenario';
import { simulate } from '../../src-sim/sim/simulator';
import type { PacketResult } from '../../src-sim/sim/trace';

const SERVICE: FixScope = { kind: 'service' };
const RUNS = 100;

/** A host for findings that have no witness of their own: a router with two sides. */
const ROUTER: HostDescription = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24', '2001:db8:203::1/64'] },
    eth1: { addresses: ['192.168.1.1/24', 'fd00:1::1/64'] },
  },
  routes: ['default via 203.0.113.254 dev eth0'],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
  listen: ['tcp/22', 'tcp/80', 'udp/53'],
};

export function judgeOf({ family, beside }: GoodExample) {
  const load = (text: string) => lower(createDocument(text, family && { family }).tree);
  const withSets = (host: HostDescription): HostDescription =>
    beside?.ipsets === undefined ? host : { ipsets: beside.ipsets, ...host };
  return {
    suffers: (text: string, witness: Witness) => suffers(load(text), { ...witness, host: withSets(witness.host) }),

    /** Every other packet fares as before; those of the finding's service fare no worse. */
    onlyThoseInScopeFareOtherwise(text: string, fix: Fix, { witness }: Finding): void {
      const host = withSets(witness?.host ?? ROUTER);
      const scope: FixScope = fix.scope ?? (fix.safe || witness === undefined ? { kind: 'nothing' } : SERVICE);
      const before = load(text);
      const after = load(applyEdits(text, fix.edits));
      fc.assert(
        fc.property(packetsAround(before, host, witness), (packet) => {
          const was = run(before, host, packet);
          const is = run(after, host, packet);
          if (was?.isThrough === is?.isThrough) return;
          expect({
            packet,
            was: was?.isThrough,
            is: is?.isThrough,
            inScope: isInScope(scope, packet, was, witness),
          }).toMatchObject({
            inScope: true,
            ...(scope.kind === 'service' ? { is: true } : {}),
          });
        }),
        { numRuns: RUNS, seed: 1 },
      );
    },
  };
}

interface Outcome {
  readonly result: PacketResult;
  readonly isThrough: boolean;
}

function run(ruleset: Ruleset, host: HostDescription, packet: ScenarioPacket): Outcome | undefined {
  try {
    const [result] = simulate(ruleset, { host, packets: [packet] }).packets;
    return result && { result, isThrough: result.fate.kind === 'sent' || result.fate.kind === 'delivered' };
  } catch {
    return undefined;
  }
}

function isInScope(scope: FixScope, packet: ScenarioPacket, was: Outcome | undefined, witness: Witness | undefined) {
  switch (scope.kind) {
    case 'nothing':
      return false;
    case 'service': {
      const victim = witness?.packets[witness.victim];
      return packet.proto === victim?.proto && (packet.dport === victim?.dport || packet.sport === victim?.sport);
    }
    case 'packets': {
      const { protocols, states, inside, outside, ports } = scope.of;
      const state = was?.result.steps.find((step) => step.kind === 'conntrack')?.state;
      const device = was?.result.steps.find((step) => step.kind === 'routing')?.device;
      return (
        (protocols?.includes(String(packet.proto)) ?? true) &&
        (states === undefined || (state !== undefined && states.includes(state))) &&
        (inside?.includes(packet.in ?? '') ?? true) &&
        (outside?.includes(device ?? '') ?? true) &&
        (ports === undefined || [packet.sport, packet.dport].some((port) => port !== undefined && ports.includes(port)))
      );
    }
  }
}

const ADDRESSES = {
  ipv4: ['198.51.100.99', '203.0.113.77', '192.168.1.10', '203.0.113.1', '10.0.0.5'],
  ipv6: ['2001:db8:198::99', '2001:db8:203::77', 'fd00:1::10', '2001:db8:203::1'],
};

/** Packets around the witness: some of its own values, some of others. */
function packetsAround(
  { family }: Ruleset,
  host: HostDescription,
  witness: Witness | undefined,
): fc.Arbitrary<ScenarioPacket> {
  const devices = Object.keys(host.interfaces ?? {});
  const own = witness?.packets ?? [];
  const addresses = [...new Set([...own.flatMap(({ src, dst }) => [src, dst]), ...ADDRESSES[family]])];
  const ports = [...new Set([...own.flatMap(({ sport, dport }) => [sport ?? 0, dport ?? 0]), 22, 53, 80, 443, 5000])];
  const pairs = fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 2, maxLength: 2 });
  const ping = family === 'ipv4' ? { proto: 'icmp', type: 8 } : { proto: 'ipv6-icmp', type: 128 };
  return fc
    .record({
      device: fc.constantFrom('', ...devices),
      pair: pairs,
      proto: fc.constantFrom('tcp', 'tcp', 'udp', 'udp', ping.proto, '47'),
      sport: fc.constantFrom(...ports),
      dport: fc.constantFrom(...ports),
      flags: fc.constantFrom('S', 'SA', 'A', 'PA', 'FA', 'R'),
    })
    .map(({ device, pair: [src = '', dst = ''], proto, ...rest }) => ({
      ...(device === '' ? { out: true } : { in: device }),
      src,
      dst,
      proto,
      ...(proto === 'tcp' || proto === 'udp' ? rest : {}),
      ...(proto === ping.proto ? { icmp: { type: ping.type } } : {}),
    }));
}
