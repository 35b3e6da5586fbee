/**
 * What runs at a hook, in order of priority: conntrack, tables, NAT, confirmation. One loop over the table in
 * netfilter/hook.ts.
 */
import { ctState, type Entry } from '../conntrack/entry';
import { confirm, track } from '../conntrack/track';
import { followMaster } from '../nat/announced';
import {
  isBound,
  isUselessRedirect,
  type Manip,
  setUpNullBinding,
  tracked,
  translate,
  translateError,
} from '../nat/nat';
import type { Packet } from '../net/packet';
import type { Hook, HookFunction, TableName } from '../netfilter/hook';
import { defragment } from './gather';
import { runHelper } from './help';
import type { InFlight } from './in-flight';
import { directError, directIn, directOut } from './ipvs';
import type { Machine } from './machine';
import { Passage } from './passage';
import { drop, reroute } from './reroute';
import { tupleText } from './say';
import { ACCEPT, type Verdict } from './traverse';

export function runHook(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  for (const run of machine.registered[hook]) {
    const verdict = runOne(machine, flight, hook, run);
    if (verdict.kind !== 'ACCEPT') return verdict;
  }
  return ACCEPT;
}

function walk(machine: Machine, flight: InFlight, hook: Hook, table: TableName): Verdict {
  const loaded = machine.tables.get(table);
  if (loaded === undefined) return ACCEPT;
  return machine.traverse(loaded, hook, new Passage(machine, flight, hook, table));
}

function runOne(machine: Machine, flight: InFlight, hook: Hook, run: HookFunction): Verdict {
  switch (run.kind) {
    case 'table':
      if (run.table === 'mangle' && hook === 'OUTPUT') return mangleOutput(machine, flight);
      return walk(machine, flight, hook, run.table);
    case 'defragmentation':
      return machine.gathersFragments ? defragment(machine, flight, hook) : ACCEPT;
    case 'conntrack':
      return runConntrack(machine, flight, hook);
    case 'nat':
      return runNat(machine, flight, hook, run.manip);
    case 'confirm':
      return runConfirm(machine, flight, hook);
    case 'ipvs-in':
      return directIn(machine, flight, hook);
    case 'ipvs-error':
      return directError(machine, flight, hook) ?? ACCEPT;
    case 'ipvs-out':
      return directOut(machine, flight, hook);
    default:
      return ACCEPT;
  }
}

function runConntrack(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  const conntrack = { ...machine.conntrack(), isPrerouting: hook === 'PREROUTING' };
  const answer = flight.tracked ?? track(flight.packet, flight.attachment, conntrack);
  const { verdict, attachment, change, text, expected } = answer;
  flight.tracked = undefined;
  flight.attachment = attachment;
  if (expected && attachment?.kind === 'tracked') followMaster(attachment.entry, expected, machine.nat());
  flight.story.steps?.push({ kind: 'conntrack', hook, state: ctState(attachment), change, text });
  return verdict === 'ACCEPT' ? ACCEPT : drop('conntrack', text);
}

export function runConfirm(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  const refused = runHelper(machine, flight, hook);
  if (refused !== undefined) return drop('helper', refused);
  const { verdict, change, text } = confirm(flight.attachment, machine.conntrack());
  flight.story.steps?.push({ kind: 'confirm', hook, change, text });
  return verdict === 'ACCEPT' ? ACCEPT : drop('conntrack', text);
}

/** The nat table is asked once for each flow and manip. @kernel net/netfilter/nf_nat_core.c:nf_nat_inet_fn */
function runNat(machine: Machine, flight: InFlight, hook: Hook, manip: Manip): Verdict {
  const attachment = tracked(flight.attachment);
  if (attachment === undefined) {
    tellNat(
      flight,
      hook,
      'skipped',
      `not asked: the packet is ${ctState(flight.attachment)}, and NAT lives on conntrack`,
    );
    return ACCEPT;
  }
  const { entry, direction, info } = attachment;
  const before = flight.packet;
  if (info === 'RELATED' && before.transport.kind === 'icmp') {
    if (isUselessRedirect(before, entry)) return drop('nat', 'an ICMP redirect about a flow that NAT may rewrite');
    flight.packet = translateError(before, entry, direction, manip);
    tellTranslation(flight, hook, before, ERROR_OF_FLOW);
    return rerouteAfterNat(machine, flight, hook, entry);
  }
  const isNew = info !== 'ESTABLISHED';
  const wasBound = !isNew || isBound(entry, manip);
  if (!wasBound) {
    const verdict = bind(machine, entry, manip, () => walk(machine, flight, hook, 'nat'));
    if (verdict.kind === 'DROP') return verdict;
  } else if (hook === 'POSTROUTING' && masqueradedElsewhere(flight, entry)) {
    machine.table.remove(entry);
    return drop(
      'nat',
      `MASQUERADE chose an address of ${entry.masqueradeDevice}, but the packet leaves by ${flight.outDevice}`,
    );
  }
  const translated = translate(flight.packet, entry, direction, manip);
  if (translated === undefined) return drop('nat', 'the packet is too short to be rewritten');
  flight.packet = translated;
  tellTranslation(flight, hook, before, wasBound ? KNOWN_FLOW : NULL_BINDING);
  return rerouteAfterNat(machine, flight, hook, entry);
}

function bind(machine: Machine, entry: Entry, manip: Manip, walkNat: () => Verdict): Verdict {
  const verdict = walkNat();
  if (verdict.kind === 'DROP' || isBound(entry, manip)) return verdict;
  return setUpNullBinding(entry, manip, machine.nat()) === 'ACCEPT' ? ACCEPT : drop('nat', 'no mapping is possible');
}

/** @kernel net/netfilter/nf_nat_core.c:nf_nat_oif_changed */
function masqueradedElsewhere(flight: InFlight, entry: Entry): boolean {
  return entry.masqueradeDevice !== undefined && entry.masqueradeDevice !== flight.outDevice && isOriginal(flight);
}

function isOriginal(flight: InFlight): boolean {
  return tracked(flight.attachment)?.direction === 'original';
}

/** @kernel net/netfilter/nf_nat_proto.c:nf_nat_ipv4_local_fn, nf_nat_ipv4_pre_routing */
function rerouteAfterNat(machine: Machine, flight: InFlight, hook: Hook, entry: Entry): Verdict {
  if (hook !== 'OUTPUT') return ACCEPT;
  const [here, there] = isOriginal(flight) ? [entry.original, entry.reply] : [entry.reply, entry.original];
  return here.dst === there.src ? ACCEPT : reroute(machine, flight);
}

/** mangle may change what routing looked at. @kernel net/ipv4/netfilter/iptable_mangle.c:ipt_mangle_out */
function mangleOutput(machine: Machine, flight: InFlight): Verdict {
  const { packet, mark } = flight;
  const verdict = walk(machine, flight, 'OUTPUT', 'mangle');
  const after = flight.packet;
  const changed =
    packet.src !== after.src || packet.dst !== after.dst || packet.tos !== after.tos || mark !== flight.mark;
  return verdict.kind === 'DROP' || !changed ? verdict : reroute(machine, flight);
}

function tellNat(flight: InFlight, hook: Hook, change: 'bound' | 'null' | 'applied' | 'skipped', text: string): void {
  flight.story.steps?.push({ kind: 'nat', hook, change, text });
}

/** @param otherwise what to say where the packet was not rewritten */
function tellTranslation(flight: InFlight, hook: Hook, before: Packet, otherwise: Untranslated): void {
  if (flight.story.steps === undefined) return;
  const [from, to] = [tupleText(before), tupleText(flight.packet)];
  if (from === to) tellNat(flight, hook, otherwise.change, otherwise.text);
  else tellNat(flight, hook, 'applied', `${from} becomes ${to}`);
}

interface Untranslated {
  readonly change: 'null' | 'skipped';
  readonly text: string;
}

const KNOWN_FLOW: Untranslated = { change: 'skipped', text: 'not asked: the flow has its binding' };
const NULL_BINDING: Untranslated = { change: 'null', text: 'no rule rewrites the flow' };
const ERROR_OF_FLOW: Untranslated = { change: 'skipped', text: 'not asked: an ICMP error goes the way of its flow' };
