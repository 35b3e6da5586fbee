/** What the host says to itself: packets over `lo`, and where the filter table denies them. */
import type { Family } from '../../../src-sim/net/address';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { PacketResult } from '../../../src-sim/sim/trace';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { withSets } from './known-sets';

const ENDS: Readonly<Record<Family, { readonly loopback: string; readonly own: string }>> = {
  ipv4: { loopback: '127.0.0.1', own: '203.0.113.1' },
  ipv6: { loopback: '::1', own: '2001:db8:203::1' },
};

/** A database, a cache, an agent; a resolver, statistics, a cache: ports that nobody opens to others. */
const SERVICES = { tcp: [5432, 6379, 9000], udp: [53, 8125, 11211] } as const;

type Protocol = keyof typeof SERVICES;

export type LoopbackEnds = 'loopback' | 'own';

/**
 * A packet of the host to itself that is denied in the chain, or where that leads: to its loopback address, or to
 * another of its own. Undefined where one of several ports gets through, or where the simulator is not sure.
 */
export function deniedToItself(
  context: LintContext,
  chain: 'INPUT' | 'OUTPUT',
  ends: LoopbackEnds,
  protocol: Protocol = 'tcp',
): Witness | undefined {
  const witnesses = SERVICES[protocol].map((port) => witnessFor(context, ends, protocol, port));
  const [first] = witnesses;
  return witnesses.every((witness) => isDeniedIn(context, witness, chain)) ? first : undefined;
}

function witnessFor(context: LintContext, ends: LoopbackEnds, protocol: Protocol, port: number): Witness {
  const address = ENDS[context.ruleset.family][ends];
  const packet: ScenarioPacket = {
    out: true,
    src: address,
    dst: address,
    proto: protocol,
    sport: 40_000,
    dport: port,
    ...(protocol === 'tcp' ? { flags: 'S' } : {}),
  };
  return { host: hostOf(context, `${protocol}/${port}`), packets: [packet], victim: 0, harm: 'denied' };
}

function hostOf(context: LintContext, service: string): HostDescription {
  const { own } = ENDS[context.ruleset.family];
  const length = context.ruleset.family === 'ipv4' ? 24 : 64;
  return withSets(context, {
    interfaces: { eth0: { addresses: [`${own}/${length}`] } },
    listen: [service],
  });
}

function isDeniedIn({ ruleset }: LintContext, { host, packets }: Witness, chain: string): boolean {
  try {
    const [result] = simulate(ruleset, { host, packets }, { explain: 'matched' }).packets;
    return result !== undefined && result.unsure.length === 0 && isDenied(result) && hookOf(result) === chain;
  } catch {
    return false;
  }
}

function isDenied({ fate }: PacketResult): boolean {
  return 'where' in fate && fate.where.startsWith('filter:');
}

/** The hook at which the last rule was asked, or the policy: the chain may be one that a base chain leads to. */
function hookOf({ steps }: PacketResult): string | undefined {
  const places = steps.flatMap((step) => ('table' in step && step.table === 'filter' ? [step.hook] : []));
  return places.at(-1);
}
