/** The compiled walk of chains, and the ways that are learnt from it, against the plain one, which the kernel's answers are compared with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import type { Entry } from '../src-sim/conntrack/entry';
import { formatEntry } from '../src-sim/conntrack/format';
import type { TcpSide } from '../src-sim/conntrack/tcp-side';
import type { Family } from '../src-sim/net/address';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import { framesOf } from '../src-sim/sim/frame';
import { PacketColumns } from '../src-sim/sim/packet-columns';
import type { HostDescription, ScenarioPacket } from '../src-sim/sim/scenario';
import { snapshotCounters } from '../src-sim/sim/simulator';
import { type VerdictOptions, verdicts } from '../src-sim/sim/verdicts';
import { conversations } from './support/random-conversations';
import { randomWalk } from './support/random-walks';

function rulesetOf(rules: string, family: Family = 'ipv4'): Ruleset {
  return lower(createDocument(rules, { family }).tree);
}

/** Of a ruleset with thousands of rules the counters are not looked at after every packet. */
const MOST_SNAPSHOTS = 120;

/** All that can be seen of a machine after each packet, the next number of its generator included. */
function everything(
  ruleset: Ruleset,
  host: HostDescription,
  packets: Iterable<ScenarioPacket> | PacketColumns,
  walk: VerdictOptions['walk'] & string,
): { readonly seen: readonly object[]; readonly counters: unknown } {
  const seen: object[] = [];
  const { counters } = verdicts(ruleset, { host }, packets, {
    walk,
    observe(machine, fate) {
      seen.push({
        fate,
        // Learnt ways make no frames.
        ...(walk === 'learnt' ? {} : { sent: machine.sent.flatMap(framesOf) }),
        conntrack: [...machine.table.entries()].map((entry) => formatEntry(entry, machine.now)),
        windows: [...machine.table.entries()].map(windowsOf),
        unsure: [...machine.unsure],
        made: machine.made.map(({ packet, fate: end }) => ({ packet, fate: end })),
        ...(seen.length < MOST_SNAPSHOTS ? { counters: snapshotCounters(machine) } : {}),
        chance: machine.random(),
      });
    },
  });
  return { seen, counters };
}

/** What window tracking knows of both sides of a TCP connection. */
function windowsOf({ tcp, status }: Entry): unknown {
  if (tcp === undefined) return undefined;
  const side = ({ end, maxEnd, maxWindow, maxAck, scale, liberal, unacknowledged, maxAckSet }: TcpSide) => ({
    end,
    maxEnd,
    maxWindow,
    maxAck,
    scale,
    liberal,
    unacknowledged,
    maxAckSet,
  });
  const { lastDirection, lastFlagSet, lastSeq, lastAck, lastEnd, lastWindow, retransmissions } = tcp;
  const last = [lastDirection, lastFlagSet, lastSeq, lastAck, lastEnd, lastWindow, retransmissions];
  return [side(tcp.seen.original), side(tcp.seen.reply), last, status.srcNatDone, status.dstNatDone];
}

/** The three walks agree on every packet, whether it comes as an object or in columns. */
function expectAgreement(ruleset: Ruleset, host: HostDescription, packets: readonly ScenarioPacket[]): void {
  const plain = everything(ruleset, host, packets, 'plain');
  const compiled = everything(ruleset, host, packets, 'compiled');
  expect(compiled).toEqual(plain);
  const seen = plain.seen.map(({ ...one }) => withoutFrames(one));
  for (const input of [packets, PacketColumns.of(packets)]) {
    expect(everything(ruleset, host, input, 'learnt')).toEqual({ ...plain, seen });
  }
}

function withoutFrames(seen: { sent?: unknown }): object {
  const { sent: _, ...rest } = seen;
  return rest;
}

/** The table at the end, which nobody looked at before: most entries never were objects. */
function tableAtLast(
  ruleset: Ruleset,
  host: HostDescription,
  packets: readonly ScenarioPacket[],
  walk: VerdictOptions['walk'] & string,
): unknown {
  let left = packets.length;
  let table: unknown;
  const { fates, counters } = verdicts(ruleset, { host }, PacketColumns.of(packets), {
    walk,
    observe(machine) {
      left -= 1;
      if (left > 0) return;
      table = [...machine.table.entries()].map((entry) => [formatEntry(entry, machine.now), windowsOf(entry)]);
    },
  });
  return { fates, counters, table };
}

describe('the compiled walk and learnt ways are the plain walk', { timeout: 300_000 }, () => {
  it('for rulesets and packets by chance: fates, counters, frames, entries, and what matches remember', () => {
    fc.assert(
      fc.property(randomWalk, ({ family, rules, host, packets }) => {
        const ruleset = rulesetOf(rules, family);
        expectAgreement(ruleset, host, packets);
      }),
      { numRuns: 80, seed: Number(process.env.CHAINWALK_SEED ?? 1) },
    );
  });

  it('for conversations by chance: windows, translation, time, errors, and entries that come and go', () => {
    fc.assert(
      fc.property(conversations, ({ rules, host, packets }) => {
        expectAgreement(rulesetOf(rules), host, packets);
      }),
      { numRuns: Number(process.env.CHAINWALK_RUNS ?? 100), seed: Number(process.env.CHAINWALK_SEED ?? 1) },
    );
  });

  it('where nobody looks at the entries in between', () => {
    fc.assert(
      fc.property(conversations, ({ rules, host, packets }) => {
        const ruleset = rulesetOf(rules);
        expect(tableAtLast(ruleset, host, packets, 'learnt')).toEqual(tableAtLast(ruleset, host, packets, 'plain'));
      }),
      { numRuns: Number(process.env.CHAINWALK_RUNS ?? 100), seed: Number(process.env.CHAINWALK_SEED ?? 2) },
    );
  });

  it('in a chain of thousands of rules, of which any may match', () => {
    const rules = Array.from({ length: 3000 }, (_, index) => {
      const network = `10.${index % 7}.${index % 251}.0/${24 + (index % 9)}`;
      const port = index % 11 === 0 ? `${index}:${index + 500}` : `${index}`;
      return `-A FORWARD ${index % 13 === 0 ? '!' : ''} -s ${network} -p ${index % 3 ? 'tcp' : 'udp'} --dport ${port}`;
    });
    const packets = Array.from({ length: 300 }, (_, index) => ({
      in: 'eth0',
      src: `10.${index % 7}.${index % 251}.${(index * 37) % 256}`,
      dst: '192.0.2.9',
      proto: index % 3 ? 'tcp' : 'udp',
      sport: 1024,
      dport: (index * 97) % 3500,
    }));
    const ruleset = rulesetOf(`*filter\n${rules.join('\n')}\nCOMMIT\n`);
    const host: HostDescription = {
      interfaces: { eth0: { addresses: ['10.0.0.1/8'] }, eth1: { addresses: ['192.0.2.1/24'] } },
      sysctl: { 'net.ipv4.ip_forward': 1 },
    };
    expectAgreement(ruleset, host, packets);
  });
});
