import type { CtState } from '../../../../src-sim/conntrack/entry';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { intersectBoxes } from '../../analysis/packet-set';
import { statesOf } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { followHooks, freshGroup, type Way } from '../../analysis/set-walk';
import { jumpsTo, refOf } from '../arriving-packet';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { TCP_FLOW } from '../flow-shapes';
import { hookOfPath, pathsTo } from '../jump-path';
import { targetSpan } from '../places';
import { protocolOf, ruleLines } from '../rule-lines';
import { numberOf, sysctlsOf } from '../sysctl-beside';
import { startOf } from '../way';

export const synproxyIncomplete = defineRule({
  code: 'synproxy-incomplete',
  title: 'SYNPROXY without what it stands on',
  severity: 'warning',
  group: 'tcp',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`-j SYNPROXY` where the SYN is not taken out of conntrack in `raw`, or where the rule does not see UNTRACKED',
      'and INVALID packets.',
    ),
    why: paragraphs(
      'SYNPROXY answers the SYN itself, before any entry exists: `raw` must NOTRACK it (`-p tcp --syn -j CT',
      "--notrack`), and the rule must take UNTRACKED packets (the SYN) and INVALID ones (the client's ACK, for",
      'which there is no entry). With `net.netfilter.nf_conntrack_tcp_loose = 1` the ACK is NEW instead, and passes',
      'by.',
    ),
    instead: paragraphs(
      'Write the three parts: the `CT --notrack` in raw, `-m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY`,',
      'and `tcp_loose = 0`.',
    ),
    suppress: 'Never: without them SYNPROXY does not take over.',
  },
  kernel: ['net/netfilter/nf_synproxy_core.c:ipv4_synproxy_hook', 'net/ipv4/netfilter/ipt_SYNPROXY.c:synproxy_tg4'],
  bad: [
    {
      title: 'The last part alone',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j SYNPROXY --mss 1460
#                                                                 ^^^^^^^^^^^^^^^^^^^^^^ CT --notrack
COMMIT
`,
    },
    {
      title: "The client's ACK is not seen",
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate UNTRACKED -j SYNPROXY --mss 1460
#                                                                  ^^^^^^^^^^^^^^^^^^^^^^ INVALID
COMMIT
`,
    },
    {
      title: 'The kernel is loose',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --mss 1460
#                                                                          ^^^^^^^^^^^^^^^^^^^^^^ tcp_loose
COMMIT
`,
      beside: { sysctl: 'net.netfilter.nf_conntrack_tcp_loose = 1\n' },
    },
    {
      title: 'Other ports are taken out of conntrack',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 443 --syn -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --mss 1460
#                                                                          ^^^^^^^^^^^^^^^^^^^^^^ other packets than its SYNs
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'All of it',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --mss 1460
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'The state is asked for on the way',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:proxied - [0:0]
-A INPUT -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j proxied
-A proxied -p tcp -m tcp --dport 80 -j SYNPROXY --mss 1460
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return ruleLines(context.document)
    .leadingTo('SYNPROXY')
    .flatMap((line) => {
      const ref = refOf(context, line);
      const missing = ref && missingFor(context, ref);
      if (ref === undefined || missing === undefined) return [];
      const message = `SYNPROXY does not take over: ${missing}.`;
      return [{ span: targetSpan(context.document, ref), message, related: [], fixes: [] }];
    });
}

function missingFor(context: LintContext, ref: RuleRef): string | undefined {
  if (!untracksTcp(context)) return 'no rule of raw takes the SYN out of conntrack with CT --notrack';
  const unseen = (['UNTRACKED', 'INVALID'] as const).filter((state) => !sees(context, ref, state));
  const only = 'and it needs -m conntrack --ctstate INVALID,UNTRACKED';
  if (unseen.length > 0) return `the rule sees no ${unseen.join(' and no ')} packet, ${only}`;
  if (!untracksItsSyns(context, ref)) return 'what raw takes out of conntrack are other packets than its SYNs';
  const isLoose = numberOf(sysctlsOf(context), 'net.netfilter.nf_conntrack_tcp_loose') === 1;
  return isLoose
    ? "net.netfilter.nf_conntrack_tcp_loose is 1, and the client's ACK is NEW instead of INVALID"
    : undefined;
}

function untracksTcp({ document, ruleset }: LintContext): boolean {
  const raw = ruleset.tables.find(({ name }) => name === 'raw')?.chains ?? [];
  const isUntracking = raw.some(({ rules }) => rules.some(({ target }) => effectOf(target)?.kind === 'untrack'));
  const lines = ruleLines(document);
  const untracking = [...lines.leadingTo('CT'), ...lines.leadingTo('NOTRACK')];
  return isUntracking && untracking.some((rule) => (protocolOf(rule) ?? PROTOCOL.tcp) === PROTOCOL.tcp);
}

/** Whether any SYN that would come to the rule is un-tracked. */
function untracksItsSyns(context: LintContext, ref: RuleRef): boolean {
  const walker = context.walker();
  return pathsTo(context.ruleset, ref).some((path) => {
    const way = hookOfPath(path) === 'FORWARD' ? 'FORWARD' : 'INPUT';
    const start = startOf(walker.space, way, context.hints);
    return packetsOfPath(walker, path, { state: statesOf('UNTRACKED') }).some(({ box: { state: _, ...box } }) => {
      const arriving = intersectBoxes(box, start);
      const syns = arriving && intersectBoxes(arriving, TCP_FLOW.opening);
      if (syns === undefined) return true;
      const inRaw: Way = { hooks: ['PREROUTING'], tracked: ['NEW'], only: 'untracked' };
      const groups = followHooks(walker, [freshGroup(walker.space, syns)], inRaw);
      return walker.budget < 0 || groups.some(({ untrackedBy }) => untrackedBy !== undefined);
    });
  });
}

/** Over the jump path. The match's words say nothing of a SYN that asks for flags: only states count. */
function sees(context: LintContext, ref: RuleRef, state: CtState): boolean {
  const table = context.ruleset.tables.find(({ name }) => name === ref.table);
  const path = [...((table && jumpsTo(table, ref.chain)) ?? []), ref];
  const asksForSyn = ref.rule.matches.some(({ options }) => options.syn ?? options['tcp-flags']);
  if (state === 'INVALID' && asksForSyn) return false;
  return packetsOfPath(context.walker(), path, { state: statesOf(state) }).length > 0;
}
