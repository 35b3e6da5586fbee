import { interval } from '../../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../../src-sim/net/packet';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { callGraph } from '../../analysis/call-graph';
import type { Box } from '../../analysis/packet-set';
import { devices, points, statesOf } from '../../analysis/packet-space';
import type { Reach } from '../../analysis/reach/reachability';
import { effectOf, type RuleRef } from '../../analysis/rule-packets';
import { type ChainDefault, defaultOf } from '../chain-default';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { FixScope, TextEdit, Witness } from '../finding';
import { suffers } from '../harm';
import { withSets } from '../known-sets';
import { pickPacket } from '../pick-packet';
import { lineAfter, lineBefore, policySpan, ruleSpan } from '../places';
import { helpfulFixes } from '../try-fix';
import { startOf } from '../way';
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
      'administered: 22, or the one of the hint `management`. A warning for a host that others may connect to; an',
      'information for one that is only a client, and for IPv6, where the other family may let you in. A port like 2222',
      'that is open is taken for the one.',
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
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Login stands below what denies everything',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -j DROP
#=== port 22
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Only whoever sends from port 22 comes to it',
      code: `*filter
:INPUT DROP [0:0]
#=== locked out
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 22 -j ACCEPT
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
      title: 'The port was moved',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 443,2222 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Who knocks is let in',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --seconds 30 --name knock --rsource -j ACCEPT
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
  const { ruleset, hints } = context;
  const last = defaultOf(ruleset, 'filter', 'INPUT');
  if (last?.verdict !== 'deny') return [];
  const port = hints.management?.port ?? SSH_PORT;
  const { space } = context.walker();
  const device = devices(space);
  const shape: Box = {
    ...startOf(space, 'INPUT', hints),
    in: device,
    ...LOGIN,
    sport: CLIENTS,
    dport: points([port]),
    state: NEW,
  };
  const acceptors = acceptingRules(context);
  if (acceptors.length === 0 || acceptors.some((ref) => mayBeReached(context.reachWithin(ref, shape)))) return [];
  const report = reportOf(context, shape, port, last);
  if (report === undefined) return [];
  const isHost = hints.management !== undefined || isServer(context, acceptors);
  const begun: Box = { ...startOf(space, 'INPUT', hints), ...LOGIN, state: NEW };
  const isMoved = (ref: RuleRef) => hasPortLikeLogin(ref) && mayBeReached(context.reachWithin(ref, begun));
  if (hints.management === undefined && acceptors.some(isMoved)) return [];
  return [{ ...report, severity: isHost && ruleset.family === 'ipv4' ? 'warning' : 'information' }];
}

const NEW = statesOf('NEW');
/** `--sport 22 -j ACCEPT` lets in whom no client is. */
const CLIENTS = interval(1024, 65_536);
/** Others are mostly those of a program that shares files. */
const SERVICES = interval(0, 10_000);
const LOGIN: Box = { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S]) };

function mayBeReached({ kind }: Reach): boolean {
  return kind === 'reached' || kind === 'unknown';
}

/** Rules that let packets in, or hand them to somebody who may. */
function acceptingRules({ ruleset }: LintContext): readonly RuleRef[] {
  const filter = ruleset.tables.find(({ name }) => name === 'filter');
  if (filter === undefined) return [];
  const { hooksOf } = callGraph(filter);
  const chains = filter.chains.filter(({ name }) => hooksOf(name).has('INPUT'));
  return chains.flatMap(({ name: chain, rules }) =>
    rules.flatMap((rule, index): readonly RuleRef[] => {
      const kind = effectOf(rule.target)?.kind;
      const mayAccept = rule.target.kind === 'target' && (kind === undefined || kind === 'accept' || kind === 'end');
      return mayAccept ? [{ table: 'filter', chain, number: index + 1, rule }] : [];
    }),
  );
}

/** Somebody may begin a connection to it from outside: it is not just a client. */
function isServer(context: LintContext, acceptors: readonly RuleRef[]): boolean {
  const { space } = context.walker();
  const start = startOf(space, 'INPUT', context.hints);
  return acceptors.some((ref) => {
    const names = ref.rule.matches.flatMap(({ options }) => Object.keys(options));
    if (!names.includes('dport') && !names.includes('dports')) return false;
    return mayBeReached(context.reachWithin(ref, { ...start, ...LOGIN, dport: SERVICES, state: NEW }));
  });
}

/** 2222, 22022, 10022: where those move it who do not leave it at 22. */
function hasPortLikeLogin({ rule }: RuleRef): boolean {
  const ports = rule.matches.flatMap(({ options }) => [options.dport, options.dports]).flatMap((given) => given ?? []);
  return ports.some(({ value }) => [value].flat().some((span) => JSON.stringify(span).includes('22')));
}

function reportOf(context: LintContext, shape: Box, port: number, last: ChainDefault): Report | undefined {
  const { document, ruleset, hints } = context;
  const packet = pickPacket(context.walker().space, shape, 'INPUT');
  if (packet === undefined) return undefined;
  const host = withSets(context, hostFor(packet, 'INPUT', hints));
  const witness: Witness = { host, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm: 'denied' };
  const span = last.by ? ruleSpan(document, last.by) : policySpan(document, { table: 'filter', hook: 'INPUT' });
  if (span === undefined || !suffers(ruleset, witness)) return undefined;
  const message = `no rule lets a connection to port ${port} begin, by which this host is administered: whoever loads this from afar is locked out`;
  const rule = `-A INPUT -p tcp -m tcp --dport ${port} -j ACCEPT`;
  const edit = last.by?.chain === 'INPUT' ? lineBefore(document, last.by, rule) : atTheEnd(context, rule);
  const scope: FixScope = { kind: 'packets', of: { protocols: ['tcp'], ports: [port] } };
  const fixes = edit ? [{ title: `Accept port ${port}`, edits: [edit], safe: false, scope }] : [];
  return { span, message, related: [], fixes: helpfulFixes(context, witness, fixes), witness };
}

function atTheEnd({ document, ruleset }: LintContext, text: string): TextEdit | undefined {
  const rules = rulesOf(ruleset, { table: 'filter', chain: 'INPUT' });
  const rule = rules.at(-1);
  return rule && lineAfter(document, { table: 'filter', chain: 'INPUT', number: rules.length, rule }, text);
}
