/**
 * A helper reads the packet when it leaves or is delivered, just before its entry is confirmed.
 *
 * @kernel net/netfilter/nf_conntrack_proto.c:nf_confirm
 */
import type { Attachment } from '../conntrack/entry';
import type { Expected } from '../conntrack/expectation';
import type { Announcement, Helper, HelperAnswer } from '../conntrack/helper/define';
import { findHelper } from '../conntrack/helper/registry';
import { withShiftedSequence } from '../conntrack/sequence-shift';
import { LOOPBACK } from '../host/host';
import { expectBehindNat } from '../nat/announced';
import { tracked } from '../nat/nat';
import type { Address } from '../net/address';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';

type Tracked = Attachment & { readonly kind: 'tracked' };

/** @returns why the packet is dropped, where it is */
export function runHelper(machine: Machine, flight: InFlight, hook: Hook): string | undefined {
  const attachment = tracked(flight.attachment);
  // An ICMP error that goes the way of answers is not looked at.
  if (attachment === undefined || (attachment.info === 'RELATED' && attachment.direction === 'reply')) return undefined;
  const { entry, direction } = attachment;
  const isShifted = entry.sequenceShift !== undefined && !isOnLoopback(flight);
  const helper = entry.helper === undefined ? undefined : findHelper(entry.helper);
  if (helper) {
    const broadcastMask = broadcastMaskOf(machine, flight);
    const answer = helper.read(flight.packet, { ...attachment, broadcastMask });
    const dropped = follow(machine, flight, hook, { helper, attachment, answer });
    if (dropped !== undefined) return dropped;
  }
  if (isShifted) flight.packet = withShiftedSequence(flight.packet, entry, direction);
  return undefined;
}

function isOnLoopback({ inDevice, outDevice }: InFlight): boolean {
  return inDevice === LOOPBACK || outDevice === LOOPBACK;
}

/** Only what a local process sends to a whole subnet. @kernel net/netfilter/nf_conntrack_broadcast.c */
function broadcastMaskOf({ host }: Machine, flight: InFlight): Address | undefined {
  const { sender, route, packet, outDevice = '' } = flight;
  if (sender === undefined || route?.type !== 'broadcast') return undefined;
  const { addresses = [] } = host.interfaces.get(outDevice) ?? {};
  return addresses.find((own) => own.isBroadcastSet && own.broadcast === packet.dst)?.network.mask;
}

interface Read {
  readonly helper: Helper;
  readonly attachment: Tracked;
  readonly answer: HelperAnswer;
}

function follow(machine: Machine, flight: InFlight, hook: Hook, read: Read): string | undefined {
  const { helper, attachment, answer } = read;
  switch (answer.kind) {
    case 'nothing':
      return undefined;
    case 'drop':
      return answer.text;
    case 'unsure':
      machine.unsure.push({
        what: `-j CT --helper ${helper.name}`,
        reason: answer.reason,
        taken: 'announcing nothing',
      });
      return undefined;
    case 'expects': {
      const failed = answer.announced.filter((one) => !announce(machine, flight, hook, read, one));
      if (answer.refreshSeconds !== undefined) {
        machine.table.refresh(attachment.entry, answer.refreshSeconds, machine.now);
      }
      return failed.length > 0 && !answer.optional
        ? `what the helper ${helper.name} read cannot be expected`
        : undefined;
    }
  }
}

/** @returns false where the connection cannot be expected */
function announce(
  machine: Machine,
  flight: InFlight,
  hook: Hook,
  { helper, attachment }: Read,
  announced: Announcement,
): boolean {
  const { entry, direction } = attachment;
  const { table, host, now } = machine;
  const most = host.sysctl.get('net.netfilter.nf_conntrack_expect_max');
  const expect = (expected: Expected) => table.expectations.add(expected, most, now);
  const own = { master: entry, policy: helper.policy };
  const { tuple, mask, permanent, nat } = announced;
  const tell = (port: number, how: string) => {
    const text = `the helper ${helper.name} expects a connection to ${tuple.dst}${port === 0 ? '' : ` port ${port}`}${how}`;
    flight.story.steps?.push({ kind: 'helper', hook, text });
  };
  if (nat === undefined || !(entry.status.srcNat || entry.status.dstNat)) {
    const answer = expect({ ...own, tuple, mask, ...(permanent && { permanent }) });
    if (answer === 'expected') tell(tuple.dport, '');
    return answer === 'expected';
  }
  const mangled = expectBehindNat(flight.packet, direction, { ...announced, nat }, own, expect, () => machine.random());
  if (mangled === undefined) return false;
  const isWritten = mangled.packet !== flight.packet;
  flight.packet = mangled.packet;
  tell(mangled.port, isWritten ? ', and writes that into the packet' : '');
  return true;
}
