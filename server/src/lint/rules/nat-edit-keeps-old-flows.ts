import { holds } from '../../../../src-sim/net/interval-set';
import { PROTOCOL, protocolName } from '../../../../src-sim/net/protocol';
import type { Rule, Ruleset } from '../../../../src-sim/netfilter/ruleset';
import { createDocument } from '../../analysis/document';
import { lower } from '../../analysis/lower';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { DESTINATION_NAT, type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { type PickedPacket, pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';

const BEFORE = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
`;

export const natEditKeepsOldFlows = defineRule({
  code: 'nat-edit-keeps-old-flows',
  title: 'Connections that are there keep their old translation',
  severity: 'information',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A rule that translates has been written or changed since the file was saved: told in the editor, until it is saved again.',
    why: paragraphs(
      'The table `nat` is asked about the first packet of a flow alone; all others go as conntrack has written it down. What was',
      'not translated before stays so, and UDP between fixed ports (DNS, SIP, tunnels) keeps its entry alive for hours.',
    ),
    instead: 'Load the rules, and delete the entries that they are about with `conntrack -D`.',
    suppress: 'Where the host is started anew after the edit.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'A resolver that is put in the way of DNS',
      code: BEFORE.replace(
        'COMMIT',
        `-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353
#=== conntrack -D -p udp --dport 53
COMMIT`,
      ),
      beside: { saved: BEFORE },
    },
    {
      title: 'Another server',
      code: BEFORE.replace('8080', '8081\n#=== conntrack -D -p tcp --dport 80'),
      beside: { saved: BEFORE },
    },
    {
      title: 'The source of what leaves',
      code: BEFORE.replace('COMMIT', '-A POSTROUTING -o wan0 -j MASQUERADE\n#=== conntrack -D\nCOMMIT'),
      beside: { saved: BEFORE },
    },
  ],
  good: [
    { title: 'Nothing was changed', code: BEFORE, beside: { saved: BEFORE } },
    {
      title: 'Nobody knows what there was before',
      code: BEFORE.replace('COMMIT', '-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT'),
    },
    {
      title: 'The same rule in other words',
      code: BEFORE.replace('-p tcp -m tcp --dport 80', '-p tcp --dport http'),
      beside: { saved: BEFORE },
    },
  ],
  on: { ruleset: check },
});

/** The first of the changed rules for which a flow can be shown. */
function check(context: LintContext): readonly Report[] {
  const { saved } = context.beside;
  if (saved === undefined || saved === context.document.text) return [];
  const { tree } = context.document;
  const before = wordsOf(lower(createDocument(saved, { family: tree.family, dialect: 'restore' }).tree));
  for (const rule of natRules(context, [...DESTINATION_NAT, ...SOURCE_NAT])) {
    const { chain, rule: written } = rule.ref;
    const witness = before.has(wordOf(chain, written)) ? undefined : witnessFor(context, rule);
    if (witness) return [reportFor(context, rule, witness)];
  }
  return [];
}

function wordsOf(ruleset: Ruleset): ReadonlySet<string> {
  const chains = ruleset.tables.find(({ name }) => name === 'nat')?.chains ?? [];
  return new Set(chains.flatMap(({ name, rules }) => rules.map((rule) => wordOf(name, rule))));
}

/** Without counters and places. */
function wordOf(chain: string, { matches, target }: Rule): string {
  return JSON.stringify([chain, matches, target]);
}

function reportFor({ document }: LintContext, { ref, boxes }: NatRule, witness: Witness): Report {
  const [{ proto } = { proto: '' }] = witness.packets;
  const ports = boxes.map(({ dport }) => dport);
  const [only] = ports[0] ?? [];
  const isOne = ports.length === 1 && only && Number(only.end) - Number(only.start) === 1;
  const port = isOne ? Number(only.start) : undefined;
  const what = port === undefined ? '' : ` -p ${proto} --dport ${port}`;
  const message = [
    `${nameOf(ref)} is new: connections that are there already keep what they have, UDP between fixed ports for hours.`,
    `To end them: conntrack -D${what}.`,
  ].join(' ');
  return { span: ruleSpan(document, ref), message, related: [], fixes: [], witness };
}

/** A packet that the rule would translate, of a flow that began before it. */
function witnessFor(context: LintContext, { hook, boxes }: NatRule): Witness | undefined {
  const { space } = context.walker();
  const way = hook === 'PREROUTING' ? 'INPUT' : hook === 'OUTPUT' ? 'OUTPUT' : 'FORWARD';
  for (const box of boxes) {
    for (const protocol of [PROTOCOL.udp, PROTOCOL.tcp]) {
      const shape: Box | undefined = intersectBoxes(box, { protocol: points([protocol]) });
      const packet = shape && pickPacket(space, shape, way);
      if (packet === undefined || !holds(points([protocol]), packet.protocol)) continue;
      const witness = lonePacket(packet, way, context.hints, 'untranslated', { flags: 'A' });
      const known = { ...witness, host: { ...witness.host, conntrack: [entryOf(packet)] } };
      if (suffers(context.ruleset, known)) return known;
    }
  }
  return undefined;
}

function entryOf({ src, dst, sport, dport, protocol }: PickedPacket): string {
  const family = src.includes(':') ? 'ipv6     10' : 'ipv4     2';
  const there = `src=${src} dst=${dst} sport=${sport} dport=${dport}`;
  const back = `src=${dst} dst=${src} sport=${dport} dport=${sport}`;
  const name = protocolName(protocol);
  const state = name === 'tcp' ? '431999 ESTABLISHED' : '119';
  return `${family} ${name.padEnd(8)} ${protocol} ${state} ${there} ${back} [ASSURED] mark=0 zone=0 use=2`;
}
