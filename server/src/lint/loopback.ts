/** What the host says to itself: packets over `lo`, and where the filter table denies them. */
import type { Family } from '../../../src-sim/net/address';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { Fate } from '../../../src-sim/sim/trace';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { withSets } from './known-sets';

const ENDS: Readonly<Record<Family, { readonly loopback: string; readonly own: string }>> = {
  ipv4: { loopback: '127.0.0.1', own: '203.0.113.1' },
  ipv6: { loopback: '::1', own: '2001:db8:203::1' },
};

/** A database, a resolver, an agent: ports that nobody opens to others. */
const PORTS = [5432, 6379, 9000];

export type LoopbackEnds = 'loopback' | 'own';

/**
 * A connection of the host to itself that is denied in the chain: to its loopback address, or to another of its own.
 * Undefined where one of several ports gets through, or where the simulator is not sure.
 */
export function deniedToItself(
  context: LintContext,
  chain: 'INPUT' | 'OUTPUT',
  ends: LoopbackEnds,
): Witness | undefined {
  const witnesses = PORTS.map((port) => witnessFor(context, ends, port));
  const [first] = witnesses;
  return witnesses.every((witness) => isDeniedIn(context, witness, chain)) ? first : undefined;
}

function witnessFor(context: LintContext, ends: LoopbackEnds, port: number): Witness {
  const { family } = context.ruleset;
  const address = ENDS[family][ends];
  const packet: ScenarioPacket = {
    out: true,
    src: address,
    dst: address,
    proto: 'tcp',
    sport: 40_000,
    dport: port,
    flags: 'S',
  };
  return { host: hostOf(context, port), packets: [packet], victim: 0, harm: 'denied' };
}

function hostOf(context: LintContext, port: number): HostDescription {
  const { own } = ENDS[context.ruleset.family];
  const length = context.ruleset.family === 'ipv4' ? 24 : 64;
  return withSets(context, {
    interfaces: { eth0: { addresses: [`${own}/${length}`] } },
    listen: [`tcp/${port}`],
  });
}

function isDeniedIn({ ruleset }: LintContext, { host, packets }: Witness, chain: string): boolean {
  try {
    const [result] = simulate(ruleset, { host, packets }, { explain: 'matched' }).packets;
    return (
      result !== undefined &&
      result.unsure.length === 0 &&
      placeOf(result.fate)?.startsWith(`filter:${chain}:`) === true
    );
  } catch {
    return false;
  }
}

function placeOf(fate: Fate): string | undefined {
  return 'where' in fate ? fate.where : undefined;
}
