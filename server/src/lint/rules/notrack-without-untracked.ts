import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lossReports } from '../untracked-report';

export const notrackWithoutUntracked = defineRule({
  code: 'notrack-without-untracked',
  title: 'NOTRACKed packets that no rule accepts',
  severity: 'warning',
  group: 'notrack',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'Packets that `raw` takes out of conntrack (`-j NOTRACK`, `-j CT --notrack`) reach a chain that accepts them only',
      'by a state, and denies the rest: no rule accepts them as `UNTRACKED`, or without a state.',
    ),
    why: paragraphs(
      'A packet without a conntrack entry has the state `UNTRACKED` in every table behind `raw`. It matches none of the',
      'other four: not `NEW`, not `ESTABLISHED`, not `RELATED`, and not `INVALID` either. So the rules that accept the',
      'service are passed over, and the policy, or the rule at the end, takes the packet.',
      '',
      'Both directions count. `NOTRACK` in `PREROUTING` is for what comes in; the answers of a local service leave',
      'through `OUTPUT`, and where those are un-tracked as well, they have to be accepted there. (Where they are not,',
      '`notrack-one-way` says so.)',
    ),
    instead: paragraphs(
      'Accept the packets as `--ctstate UNTRACKED`, narrowed by the same protocol and ports as the `NOTRACK`, in each',
      'chain that they pass; and have a `NOTRACK` for each direction, with ports and interfaces exchanged. Or drop the',
      '`NOTRACK`: an entry in the table costs less than 300 bytes.',
    ),
    suppress: 'Where the packets are meant to die, and raw is only meant to spare conntrack the work.',
  },
  kernel: [
    'net/netfilter/xt_CT.c:notrack_tg',
    'net/netfilter/nf_conntrack_core.c:nf_conntrack_in',
    'net/netfilter/xt_conntrack.c:conntrack_mt',
  ],
  bad: [
    {
      title: 'A web server: nothing accepts its un-tracked requests',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
#                                      ^^^^^^^^^^ tcp to port 80
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A resolver: its own queries are un-tracked, and no answer is ever ESTABLISHED',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack
#                                      ^^^^^^^^^^^^^^^ udp from port 53
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router: the state is asked for where the chain of services is entered',
      code: `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.53/32 -p udp -m udp --dport 53 -j CT --notrack
#                                                       ^^^^^^^^^^^^^^^ filter:FORWARD:2 (line 11) lets it through only as NEW
-A PREROUTING -s 192.0.2.53/32 -p udp -m udp --sport 53 -j CT --notrack
#                                                       ^^^^^^^^^^^^^^^ filter:FORWARD:1 (line 10)
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:services - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j services
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A services -d 192.0.2.53/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.53/32 -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -s 192.0.2.53/32 -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:services - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.0.2.53/32 -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j services
-A FORWARD -d 192.0.2.53/32 -p udp -m udp --dport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A services -d 192.0.2.53/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Both directions are taken out of conntrack, and accepted as UNTRACKED',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The service is accepted without a state',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is un-tracked is not what the chain would have accepted',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth1 -p udp -m udp --dport 123 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The packets are meant to be dropped: a rule says so by name',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 1900 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1900 -m conntrack ! --ctstate ESTABLISHED -j DROP
-A INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is denied by default',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 53 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return lossReports(context, 'untracked').map(({ report }) => report);
}
