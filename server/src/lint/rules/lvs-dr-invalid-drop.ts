import { findRule, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { type DirectorCase, directorName, directorReports, guessText, isForInvalidDrop } from '../director-report';
import { ruleSpan, stateSpan } from '../places';
import { acceptFirst } from '../stateless-accept';

export const lvsDrInvalidDrop = defineRule({
  code: 'lvs-dr-invalid-drop',
  title: 'INVALID is dropped above the service of an LVS director',
  severity: 'error',
  group: 'lvs',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'On an LVS director in direct-routing or tunnel mode, a rule that drops `INVALID` packets stands above the one',
      'that accepts the virtual address without a state.',
    ),
    why: paragraphs(
      "The director sees the client's half of every connection only, and conntrack judges each segment as the first of",
      'its flow. A FIN or an RST opens nothing: it is `INVALID`. The rule that keeps rubbish out on any other host drops',
      'them here, the real server never hears of the close, and neither does IPVS: its connections stay until they time',
      'out.',
    ),
    instead: paragraphs(
      "Accept the virtual address's traffic above the rule that drops `INVALID`; it goes on to protect the director's own",
      'services.',
    ),
    suppress: 'Where the answers do come back through the host: then say `mode=nat` in the hint.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_new', 'net/netfilter/ipvs/ip_vs_core.c:ip_vs_in_hook'],
  bad: [
    {
      title: 'The usual order, which is wrong here',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
#                     ^^^^^^^^^^^^^^^^^ drops the FIN of every connection to 203.0.113.10:80
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The rule that accepts is for more than the virtual address',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -m state --state INVALID -j REJECT --reject-with icmp-port-unreachable
#                 ^^^^^^^^^^^^^^^ rejects the FIN of every connection
-A INPUT -i eth0 -j services
-A services -p tcp -m multiport --dports 22,443 -j ACCEPT
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -d 203.0.113.10/32 -i eth0 -p tcp -m multiport --dports 22,443 -j ACCEPT
-A INPUT -m state --state INVALID -j REJECT --reject-with icmp-port-unreachable
-A INPUT -i eth0 -j services
-A services -p tcp -m multiport --dports 22,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Everything but three states is dropped',
      code: `# chainwalk: role=lvs-director mode=tun vip=203.0.113.10
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack ! --ctstate NEW,RELATED,ESTABLISHED -j DROP
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ drops the FIN of every connection
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
      fixed: `# chainwalk: role=lvs-director mode=tun vip=203.0.113.10
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m conntrack ! --ctstate NEW,RELATED,ESTABLISHED -j DROP
COMMIT
`,
    },
    {
      title: 'Dropped in mangle already',
      code: `# chainwalk: role=lvs-director mode=tun vip=198.51.100.30
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate INVALID -j DROP
#                          ^^^^^^^^^^^^^^^^^ drops the FIN
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -d 198.51.100.30/32 -p tcp -m multiport --dports 25,587 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The service comes first',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'INVALID is dropped for the director itself only',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.2/32 -m conntrack --ctstate INVALID -j DROP
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No director',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: "The director's own login is no virtual service",
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -d 203.0.113.10/32 -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p vrrp -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => directorReports(context, isForInvalidDrop, report) },
});

function report(context: LintContext, walker: Walker, { director, virtual, loss }: DirectorCase): Report | undefined {
  const { opening, segment, denier } = loss;
  const drop = denier.kind === 'rule' ? findRule(walker.ruleset, denier) : undefined;
  const accept = opening.path[0];
  if (drop === undefined || accept === undefined) return undefined;
  const service = `${loss.virtual.address}:${loss.virtual.port}`;
  return {
    span: stateSpan(context.document, drop),
    message: [
      `${nameOf(drop)} ${denier.verdict === 'DROP' ? 'drops' : 'rejects'} the ${segment.name} of every connection to`,
      `${service} before ${nameOf(accept)} accepts it: on ${directorName(context, director)} it is ${loss.state}.`,
      'Accept the virtual address first.',
      ...guessText(context, director, loss),
    ].join(' '),
    related: [{ span: ruleSpan(context.document, accept), message: 'accepts the service, too late' }],
    fixes: acceptFirst(context, walker, loss, virtual),
    witness: loss.witness,
  };
}
