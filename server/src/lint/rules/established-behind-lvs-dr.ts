import type { RuleRef, Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { DirectorLoss } from '../director';
import {
  type DirectorCase,
  denialText,
  directorName,
  directorReports,
  guessText,
  isForInvalidDrop,
} from '../director-report';
import type { RelatedPlace } from '../finding';
import { lineSpan, policySpan, ruleSpan, stateSpan } from '../places';
import { statelessFixes } from '../stateless-accept';

export const establishedBehindLvsDr = defineRule({
  code: 'established-behind-lvs-dr',
  title: 'A state match on an LVS director that sees one direction only',
  severity: 'error',
  group: 'lvs',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'On an LVS director in direct-routing or tunnel mode, packets to a virtual address are accepted by their state:',
      'a connection begins, and later segments of it are denied.',
    ),
    why: paragraphs(
      "The real servers answer the client directly: the director sees the client's half of every connection, and conntrack",
      'on it never sees a reply. `ESTABLISHED` needs one, so it never matches. IPVS takes each packet at the end of',
      '`INPUT`, before its conntrack entry is confirmed, so every segment is judged as the first of its flow: SYN, ACK and',
      'data are `NEW` (a bare ACK is picked up while `nf_conntrack_tcp_loose` is 1, the default), and FIN and RST are',
      '`INVALID`. Behind IPVS, in `OUTPUT`, the packets are `UNTRACKED`.',
      '',
      'So a ruleset that works on any other server lets connections begin and then cuts them: data dies where only a SYN',
      'may be `NEW`; where all of `NEW` is accepted, the close never reaches the real server, whose connections pile up.',
    ),
    instead: paragraphs(
      'Accept the traffic to the virtual address without a state, above any rule that drops `INVALID`; or `NOTRACK` it in',
      '`raw` and accept it as `UNTRACKED`, which spares conntrack the work as well. The state rules stay right for the',
      "director's own services.",
    ),
    suppress: paragraphs(
      "Where the answers do come back through the host: it is the real servers' gateway, or the mode is LVS-NAT: then say",
      '`mode=nat` in the hint.',
    ),
  },
  kernel: [
    'net/netfilter/ipvs/ip_vs_core.c:ip_vs_in_hook',
    'include/net/ip_vs.h:ip_vs_notrack',
    'net/netfilter/nf_conntrack_core.c:nf_confirm',
    'net/netfilter/nf_conntrack_proto_tcp.c:tcp_new',
  ],
  bad: [
    {
      title: 'The FIN of every connection dies',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
#                                                                 ^^^^^^^^^^^^^ its FIN is INVALID
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Only SYNs get through; INVALID packets are dropped before anything else',
      code: `# chainwalk: role=lvs-director mode=tun vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state INVALID -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j ACCEPT
#                                                                           ^^^^^^^^^^^ its ACK is NEW
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=tun vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -m state --state INVALID -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What IPVS hands on leaves through OUTPUT',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A OUTPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ IPVS hands packets on through OUTPUT, as UNTRACKED
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A OUTPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A OUTPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nobody said that the host is a director, but a firewall mark looks like it: an information',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j MARK --set-mark 1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
#                                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^ Is this host one
COMMIT
`,
    },
    {
      title: 'The rules ask for what IPVS handles (`-m ipvs`): an information as well',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m ipvs --ipvs -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT
#                                                                  ^^^^^^^^^^^^^ Is this host one
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The service is accepted without a state, above everything that drops',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.2/32 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The service is taken out of conntrack, and accepted as such',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'LVS-NAT: the answers come back through the director',
      code: `# chainwalk: role=lvs-director mode=nat vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No director: a web server sees both directions',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return directorReports(context, (walker, loss) => !isForInvalidDrop(walker, loss), report);
}

function report(context: LintContext, walker: Walker, { virtual, loss, director }: DirectorCase): Report | undefined {
  const at = waitingRule(loss);
  return (
    at && {
      span: stateSpan(context.document, at),
      message: messageFor(context, { director, loss, at }),
      related: relatedTo(context, loss, at),
      fixes: statelessFixes(context, walker, loss, virtual),
      witness: loss.witness,
    }
  );
}

/** The rule that lets the connection begin; in OUTPUT, the one that would let it out. */
function waitingRule({ hook, opening, expected }: DirectorLoss): RuleRef | undefined {
  return (hook === 'INPUT' ? opening.path[0] : undefined) ?? expected.path[0];
}

function messageFor(
  context: LintContext,
  { director, loss, at }: Pick<DirectorCase, 'director' | 'loss'> & { readonly at: RuleRef },
): string {
  const service = `${loss.virtual.address}:${loss.virtual.port}`;
  const told = `On ${directorName(context, director)}`;
  const denial = denialText(loss);
  const harm =
    loss.hook === 'INPUT'
      ? [
          `${told} no answer comes back, and ESTABLISHED never matches.`,
          `${nameOf(at)} lets a connection to ${service} begin, but its ${loss.segment.name} is ${loss.state},`,
          `not ESTABLISHED as ${expectedName(loss, at)} wants it, and ${denial}.`,
          'Accept the traffic without a state, or NOTRACK it and accept it as UNTRACKED.',
        ]
      : [
          `${told} IPVS hands packets on through OUTPUT, as UNTRACKED:`,
          `${nameOf(at)} wants a state, so the ${loss.segment.name} to ${service} is ${denial}.`,
          'Accept the traffic to the virtual address without a state.',
        ];
  return [...harm, ...guessText(context, director, loss)].join(' ');
}

function expectedName({ expected }: DirectorLoss, at: RuleRef): string {
  const rule = expected.path.at(-1);
  return rule === undefined || rule.rule === at.rule ? 'the rule' : nameOf(rule);
}

function relatedTo(
  { document }: LintContext,
  { denier, expected }: DirectorLoss,
  at: RuleRef,
): readonly RelatedPlace[] {
  const waits = expected.path.filter(({ rule }) => rule !== at.rule);
  const denial = denier.line === undefined ? policySpan(document, denier) : lineSpan(document, denier.line);
  return [
    ...waits.map((ref) => ({
      span: ruleSpan(document, ref),
      message: 'would accept it as ESTABLISHED, which never comes',
    })),
    ...(denial ? [{ span: denial, message: 'what takes it instead' }] : []),
  ];
}
