import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { suffers } from '../harm';
import { hookOfPath, pathsTo } from '../jump-path';
import { isLoopback, type NatRule, natRules } from '../nat-rules';
import { forwardedTo } from '../nat-witness';
import { ruleSpan } from '../places';
import { rulesOf } from '../table-rules';
import { isLocalAddress, startOf } from '../way';

export const inputRuleBypassedByDnat = defineRule({
  code: 'input-rule-bypassed-by-dnat',
  title: 'INPUT guards a port that DNAT leads past it',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'INPUT denies a port by name, and DNAT sends packets to that port on to another host, through FORWARD.',
    why: paragraphs(
      'Routing is decided behind DNAT: what goes to another host then, a container on this machine too, passes `FORWARD` and',
      'never `INPUT`. So a port that Docker publishes stays open to everybody, whatever INPUT says.',
    ),
    instead: paragraphs(
      'Put the rule where the packets pass: FORWARD, or `DOCKER-USER` on a Docker host, by the original port:',
      '`-m conntrack --ctorigdstport 9000 --ctdir ORIGINAL`.',
    ),
    suppress: 'Where the rule is for packets that are not translated: those of another interface, for example.',
  },
  kernel: ['net/ipv4/ip_input.c:ip_rcv_finish', 'include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities'],
  bad: [
    {
      title: "A container's port, closed in INPUT and open all the same",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 9000 -j DROP
#=== FORWARD
COMMIT
`,
    },
    {
      title: "Docker's chains, and a list of ports to be rejected",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 6379 -j DNAT --to-destination 172.17.0.3:6379
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 3306,6379 -j REJECT --reject-with tcp-reset
#=== FORWARD
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 6379 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'All but one network are denied, in a chain',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.0.3.7:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:guard - [0:0]
-A INPUT -i eth0 -j guard
-A guard ! -s 198.51.100.0/24 -p tcp -m tcp --dport 8443 -j DROP
#=== FORWARD
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The guard stands in FORWARD',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 9000 -j DROP
-A FORWARD -p tcp -m conntrack --ctorigdstport 9000 --ctdir ORIGINAL -j DROP
COMMIT
`,
    },
    {
      title: 'Another interface',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i wan0 -p tcp -m tcp --dport 80 -j DROP
COMMIT
`,
    },
    {
      title: 'A policy guards nothing by name',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -d 10.0.0.5/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const away = natRules(context, ['DNAT']).filter(
    ({ hook, addresses }) =>
      hook === 'PREROUTING' && addresses && !isLoopback(addresses.min) && !isLocalAddress(context.hints, addresses.min),
  );
  if (away.length === 0) return [];
  const walker = context.walker();
  return rulesOf(context.ruleset, 'filter')
    .filter(({ rule }) => ['drop', 'reject'].includes(effectOf(rule.target)?.kind ?? ''))
    .filter((ref) => packetsOfPath(walker, [ref], {}).some(({ box }) => box.dport !== undefined))
    .filter((ref) => pathsTo(context.ruleset, ref).some((path) => hookOfPath(path) === 'INPUT'))
    .flatMap((ref) => report(context, ref, away) ?? []);
}

function report(context: LintContext, ref: RuleRef, away: readonly NatRule[]): Report | undefined {
  const path = pathsTo(context.ruleset, ref).find((one) => hookOfPath(one) === 'INPUT');
  const walker = context.walker();
  for (const nat of away) {
    for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
      const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), opening);
      const guarded = path && start ? packetsOfPath(walker, path, start).filter(({ exact }) => exact) : [];
      for (const { box } of guarded) {
        const [piece] = packetsOfPath(walker, nat.path, withoutState(box));
        const witness = piece && nat.addresses && deviceOf(context, nat, piece.box);
        if (witness === undefined || !suffers(context.ruleset, witness)) continue;
        return {
          span: ruleSpan(context.document, ref),
          message: [
            `${nameOf(ref)} never sees packets to this port: ${nameOf(nat.ref)} sends them on to ${nat.addresses?.min},`,
            'through FORWARD, which lets them pass. Put the rule there, by --ctorigdstport.',
          ].join(' '),
          related: [{ span: ruleSpan(context.document, nat.ref), message: 'leads them past INPUT' }],
          fixes: [],
          witness,
        };
      }
    }
  }
  return undefined;
}

/** FORWARD may ask for the interface of the container. */
function deviceOf(context: LintContext, { addresses }: NatRule, box: Box) {
  const walker = context.walker();
  const devices = [undefined, ...walker.space.interfaces.slice(2)];
  const witnesses = devices.flatMap((device) =>
    addresses ? (forwardedTo(walker, box, addresses.min, context.hints, 'accepted', device) ?? []) : [],
  );
  return witnesses.slice(0, MOST_DEVICES).find((one) => suffers(context.ruleset, one));
}

const MOST_DEVICES = 6;

function withoutState({ state: _, mark: __, ...box }: Box): Box {
  return box;
}
