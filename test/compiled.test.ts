/** The compiled walk of chains against the plain one, which the kernel's answers are compared with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import { formatEntry } from '../src-sim/conntrack/format';
import type { Family } from '../src-sim/net/address';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import { framesOf } from '../src-sim/sim/frame';
import type { HostDescription, ScenarioPacket } from '../src-sim/sim/scenario';
import { type VerdictOptions, verdicts } from '../src-sim/sim/verdicts';
import { randomWalk } from './support/random-walks';

function rulesetOf(rules: string, family: Family = 'ipv4'): Ruleset {
  return lower(createDocument(rules, { family }).tree);
}

/** All that can be seen of a machine after each packet, the next number of its generator included. */
function everything(
  ruleset: Ruleset,
  host: HostDescription,
  packets: Iterable<ScenarioPacket>,
  walk: VerdictOptions['walk'],
): unknown {
  const seen: unknown[] = [];
  const { counters } = verdicts(ruleset, { host }, packets, {
    ...(walk && { walk }),
    observe(machine, { story }) {
      seen.push({
        fate: story.fate,
        sent: machine.sent.flatMap(framesOf),
        conntrack: [...machine.table.entries()].map((entry) => formatEntry(entry, machine.now)),
        unsure: [...machine.unsure],
        made: machine.made.map(({ packet, fate }) => ({ packet, fate })),
        chance: machine.random(),
      });
    },
  });
  return { seen, counters };
}

describe('the compiled walk is the plain walk', () => {
  it('for rulesets and packets by chance: fates, counters, frames, entries, and what matches remember', () => {
    fc.assert(
      fc.property(randomWalk, ({ family, rules, host, packets }) => {
        const ruleset = rulesetOf(rules, family);
        expect(everything(ruleset, host, packets, 'compiled')).toEqual(everything(ruleset, host, packets, 'plain'));
      }),
      { numRuns: 150, seed: Number(process.env.CHAINWALK_SEED ?? 1) },
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
    expect(everything(ruleset, host, packets, 'compiled')).toEqual(everything(ruleset, host, packets, 'plain'));
  });
});
