import { TCP_FLAG } from '../../../../src-sim/net/packet';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { points } from '../../analysis/packet-space';
import { decisionIn } from '../../analysis/set-walk';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { suffers } from '../harm';
import { type Outcome, outcomesOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { policySpan, ruleSpan } from '../places';
import { hostFor, scenarioPacket } from '../witness';

const SSH_PORT = 22;

export const sshLockout = defineRule({
  code: 'ssh-lockout',
  title: 'Nobody can log in from outside any more',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'What nobody names is denied in `INPUT`, and no rule lets a connection begin to the port by which the host is',
      'administered: 22, or the one of the hint `management`.',
    ),
    why: paragraphs(
      'Whoever loads such a ruleset over the network loses the way back in: the connection of the moment may go on as',
      'ESTABLISHED, the next one is dropped.',
    ),
    instead:
      'Accept the port by which you log in before you deny the rest, or say where it is: `management=SOURCE:PORT`.',
    suppress: 'Where the host is administered from its console alone.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'A web server that forgot its administrator',
      code: `*filter
:INPUT DROP [0:0]
#=== port 22
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Administered from one network, by a port of its own',
      code: `# chainwalk: management=198.51.100.0/24:2222
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 2222 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The inner network may do everything',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const port = context.hints.management?.port ?? SSH_PORT;
  const shape = {
    protocol: points([PROTOCOL.tcp]),
    tcpFlags: points([TCP_FLAG.S]),
    dport: points([port]),
  };
  const outcomes = outcomesOf(context, 'INPUT', shape, 'NEW') ?? [];
  const isShut = outcomes.length > 0 && outcomes.every(({ verdict }) => verdict === 'drop' || verdict === 'reject');
  const denied = outcomes.find(({ certain }) => certain);
  return isShut && denied ? (report(context, denied, port) ?? []) : [];
}

function report(context: LintContext, { box, group }: Outcome, port: number): readonly Report[] | undefined {
  const { document, ruleset, hints } = context;
  const packet = pickPacket(context.walker().space, box, 'INPUT');
  const decision = decisionIn(group, 'filter', 'INPUT');
  if (packet === undefined || decision === undefined) return undefined;
  const witness: Witness = {
    host: hostFor(packet, 'INPUT', hints),
    packets: [scenarioPacket(packet, 'INPUT')],
    victim: 0,
    harm: 'denied',
  };
  const last = decision.path.at(-1);
  const span = last ? ruleSpan(document, last) : policySpan(document, decision);
  if (span === undefined || !suffers(ruleset, witness)) return undefined;
  const message = `no rule lets a connection to port ${port} begin, by which this host is administered: whoever loads this from afar is locked out`;
  return [{ span, message, related: [], fixes: [], witness }];
}
