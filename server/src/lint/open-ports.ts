/** Which ports of the host anybody may begin a connection to, and which nobody may: as far as the sets of packets prove it. */
import type { Family } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { type IntervalSet, intervalSet, subtract } from '../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import { type Box, dimensionOf } from '../analysis/packet-set';
import { points } from '../analysis/packet-space';
import type { LintContext } from './define';
import { isDenied, type Outcome, outcomesOf } from './outcomes';

/** Somebody whom no ruleset names. */
const STRANGER: Readonly<Record<Family, string>> = { ipv4: '5.6.7.8', ipv6: '2600:1:2:3::4' };

export type PortProtocol = 'tcp' | 'udp';

export interface OpenPorts {
  /** By some interface, without conditions that the sets cannot decide. */
  readonly open: IntervalSet;
  /** To everybody, by every interface, whatever such conditions decide. */
  readonly denied: IntervalSet;
  readonly outcomes: readonly Outcome[];
}

/** Undefined where the walk gave up. */
export function portsForStrangers(context: LintContext, protocol: PortProtocol): OpenPorts | undefined {
  const { space } = context.walker();
  const stranger = STRANGER[space.family];
  const anybody: Box = {
    protocol: points([PROTOCOL[protocol]]),
    ...(protocol === 'tcp' ? { tcpFlags: points([TCP_FLAG.S]) } : {}),
  };
  const outcomes = outcomesOf(
    context,
    'INPUT',
    { ...anybody, src: intervalSet(addressRange(stranger, stranger)) },
    'NEW',
  );
  const ofAll = outcomesOf(context, 'INPUT', anybody, 'NEW');
  if (outcomes === undefined || ofAll === undefined) return undefined;
  const portsOf = (some: readonly Outcome[]) =>
    intervalSet(some.flatMap(({ box }) => dimensionOf(space, box, 'dport')));
  const isOpen = ({ certain, verdict }: Outcome) => certain && (verdict === 'accept' || verdict === 'none');
  const perhaps = portsOf(ofAll.filter((outcome) => !(outcome.certain && isDenied(outcome))));
  return { open: portsOf(outcomes.filter(isOpen)), denied: subtract(space.domains.dport, perhaps), outcomes };
}
