import { interval } from '../../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../../src-sim/net/packet';
import type { Ruleset } from '../../../../src-sim/netfilter/ruleset';
import { points } from '../../analysis/packet-space';
import { createWalker } from '../../analysis/rule-packets';
import { arrivingPacket, refOf } from '../arriving-packet';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { isAllDenied } from '../icmp-ways';
import { outcomesOf } from '../outcomes';
import { optionOf, optionSpan, type RuleLine, reportAt, ruleLines } from '../rule-lines';

export const tproxyInputPort = defineRule({
  code: 'tproxy-input-port',
  title: 'INPUT sees the port that the client wrote',
  severity: 'warning',
  group: 'routing',
  proof: 'text',
  docs: {
    what: "`INPUT` denies what nobody accepts, accepts the proxy's port, and not the one that `TPROXY` takes.",
    why: paragraphs(
      'Unlike REDIRECT, TPROXY rewrites nothing: in `INPUT` the packet still has the port that the client wrote. A',
      "rule for the proxy's own port matches nothing, and the connections are dropped.",
    ),
    instead: paragraphs(
      'Accept the original port, or better what has the socket: `-m socket --transparent`, or the mark of TPROXY.',
    ),
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_TPROXY.c:tproxy_tg4'],
  bad: [
    {
      title: 'The proxy listens, nobody gets there',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
#                                                ^^^^^^^^^^^^^^ port 80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 3129 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The port of the client',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The mark',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m mark --mark 0x1/0x1 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 3129 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const rules = ruleLines(context.document).leadingTo('TPROXY');
  return rules.flatMap((rule) => {
    const part = optionOf(rule.uses.target, 'on-port');
    const port = portBefore(context, rule);
    if (part === undefined || port === undefined || typeof part.value !== 'number' || part.value === port) return [];
    if (!isDenied(context, rule, port) || isDenied(context, rule, part.value)) return [];
    const message = `INPUT sees port ${port}, which TPROXY leaves as it is, and denies it; the rule for port ${part.value} does not count for it.`;
    return [reportAt(context.document, rule, optionSpan(part), message)];
  });
}

/** A port of the packets that the rule takes. */
function portBefore(context: LintContext, rule: RuleLine): number | undefined {
  const ref = refOf(context, rule);
  return ref && arrivingPacket(context, [ref])?.packet.dport;
}

/** For every mark, and in the filter table alone: nobody can say what the others leave of it. */
function isDenied(context: LintContext, rule: RuleLine, port: number): boolean {
  const ref = refOf(context, rule);
  const protocol = ref && arrivingPacket(context, [ref])?.packet.protocol;
  if (protocol === undefined) return false;
  const filter: Ruleset = {
    ...context.ruleset,
    tables: context.ruleset.tables.filter(({ name }) => name === 'filter'),
  };
  const shape = {
    protocol: points([protocol]),
    tcpFlags: points([TCP_FLAG.S]),
    dport: points([port]),
    mark: interval(0, 2 ** 32),
  };
  return isAllDenied(outcomesOf(context, 'INPUT', shape, 'NEW', createWalker(filter)));
}
