import type { Json } from '../../../../src-sim/netfilter/ruleset';
import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import {
  optionOf,
  optionSpan,
  protocolOf,
  type RuleLine,
  replaceIn,
  reportAt,
  ruleLines,
  targetName,
  useSpan,
} from '../rule-lines';

export const dockerUserPublishedPort = defineRule({
  code: 'docker-user-published-port',
  title: 'DOCKER-USER sees the port of the container',
  severity: 'warning',
  group: 'docker-kubernetes',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A rule of `DOCKER-USER` (or of `FORWARD`, where Docker has its chains) asks for a published port with',
      '`--dport`, and DNAT has made another of it before.',
    ),
    why: paragraphs(
      '`FORWARD` comes behind `nat:PREROUTING`: `-p 8080:80` is port 80 there. The rule never matches, and the port',
      'that it should close stays open.',
    ),
    instead: 'Ask for the port that the client wrote: `-m conntrack --ctorigdstport 8080 --ctdir ORIGINAL`.',
    suppress: 'Where the host forwards such a port to others too.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_packet', 'net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'Port 8080 stays open',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i eth0 -p tcp -m tcp --dport 8080 -j DROP
#                                    ^^^^^^^^^^^^ --ctorigdstport 8080
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP
COMMIT
`,
    },
    {
      title: 'Several at once, and a router that has no Docker',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 13306 -j DNAT --to-destination 172.18.0.5:3306
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD ! -s 192.0.2.0/24 -i eth0 -p tcp -m multiport --dports 13306,13307 -j DROP
#                                                        ^^^^^^^^^^^^^^^^^^^^ DNAT has made 3306 of port 13306 before
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'By the original port',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP
COMMIT
`,
    },
    {
      title: 'The same port on both sides',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i eth0 -p tcp -m tcp --dport 8080 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

interface Published {
  readonly protocol: number | undefined;
  readonly port: number;
  readonly containerPort: number;
}

function check({ document, ruleset }: LintContext): readonly Report[] {
  const lines = ruleLines(document);
  const filter = ruleset.tables.find(({ name }) => name === 'filter');
  const published = lines.leadingTo('DNAT').flatMap(publishedBy);
  if (published.length === 0 || filter === undefined) return [];
  const containers = new Set(published.map(({ containerPort }) => containerPort));
  const ofDocker = filter.chains.some(({ name }) => name.startsWith('DOCKER'));
  const asking = [...lines.asking('dport'), ...lines.asking('dports')].filter((rule) => {
    const { table, chain } = rule;
    // Elsewhere than beside Docker, what is accepted there is told by filter-matches-pre-nat.
    const isOfForward = chain === 'FORWARD' && (ofDocker || DENYING.has(targetName(rule) ?? ''));
    return table === 'filter' && (chain === 'DOCKER-USER' || isOfForward);
  });
  return asking.flatMap((rule) => {
    const part = portPart(rule);
    const asked = part ? portsAsked(part.value) : [];
    const found = published.find((one) => asked.includes(one.port) && fits(one, rule) && !containers.has(one.port));
    if (part === undefined || found === undefined) return [];
    const message = `DNAT has made ${found.containerPort} of port ${found.port} before: ask for the original port, -m conntrack --ctorigdstport ${found.port} --ctdir ORIGINAL.`;
    return [reportAt(document, rule, optionSpan(part), message, { fixes: [byOriginalPort(rule, part)] })];
  });

  function byOriginalPort(rule: RuleLine, part: OptionPart): Fix | undefined {
    const use = rule.uses.matches.find(({ parts }) => parts.includes(part));
    if (use?.parts.length !== 1 || part.option !== 'dport' || targetName(rule) === undefined) return undefined;
    const text = `-m conntrack --ctorigdstport ${part.words[0]?.value} --ctdir ORIGINAL`;
    const edits = [replaceIn(document, rule.number, useSpan(use), text)];
    return { title: 'Ask for the original port', edits, safe: false, scope: { kind: 'packets', of: {} } };
  }
}

function publishedBy(rule: RuleLine): readonly Published[] {
  const part = portPart(rule);
  const port = single(part?.value);
  const containerPort = single(portsOf(optionOf(rule.uses.target, 'to-destination')?.value));
  if (port === undefined || containerPort === undefined || port === containerPort || part?.bang) return [];
  return [{ protocol: protocolOf(rule), port, containerPort }];
}

function fits({ protocol }: Published, rule: RuleLine): boolean {
  return protocol === undefined || protocolOf(rule) === protocol;
}

function portPart({ uses }: RuleLine): OptionPart | undefined {
  return uses.matches.map((use) => optionOf(use, 'dport', 'dports')).find((part) => part !== undefined && !part.bang);
}

function portsOf(choice: Json | undefined): Json | undefined {
  return typeof choice === 'object' && choice !== null && 'ports' in choice ? choice.ports : undefined;
}

const DENYING: ReadonlySet<string> = new Set(['DROP', 'REJECT']);

/** Of a list, the single ports. */
function portsAsked(value: Json | undefined): readonly number[] {
  return (Array.isArray(value) ? value : [value]).flatMap((span) => single(span) ?? []);
}

/** The port of a span that holds one only. */
function single(span: Json | undefined): number | undefined {
  if (typeof span !== 'object' || span === null || !('min' in span) || !('max' in span)) return undefined;
  return typeof span.min === 'number' && span.min === span.max ? span.min : undefined;
}
