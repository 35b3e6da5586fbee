import type { Table } from '../../../../src-sim/netfilter/ruleset';
import type { Fate } from '../../../../src-sim/sim/trace';
import { chainIn } from '../../analysis/find-chain';
import { intersectBoxes } from '../../analysis/packet-set';
import { statesOf } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type RuleRef, regionsOf, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { suffers } from '../harm';
import { pickPacket } from '../pick-packet';
import { stateSpan } from '../places';
import { hasTemplates, isDecidedInRaw, withoutConnection } from '../raw-connection';
import { startOf, type WayName } from '../way';
import { fateOf, hostFor, scenarioPacket } from '../witness';

export const ctMatchInRaw = defineRule({
  code: 'ct-match-in-raw',
  title: 'A state match in raw, where no packet has a state yet',
  severity: 'error',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule of the table `raw` asks for a conntrack state. Conntrack comes behind `raw`: there every packet is',
      '`INVALID`, answers of established connections too.',
      '',
      'So it is with what else a connection has: its mark, bytes, labels and helper, and `CONNMARK`, which has nothing',
      'to restore there and nowhere to save to. That is a warning.',
    ),
    why: paragraphs(
      '`raw` is registered at priority -300, conntrack at -200. `--ctstate NEW` or `ESTABLISHED` never matches in `raw`;',
      '`--ctstate INVALID`, or the negation of another state, matches every packet, so that a rule which should drop',
      'rubbish drops all traffic. Only `UNTRACKED` means something there, behind a `NOTRACK` of the same chain.',
    ),
    instead: paragraphs(
      'Put the rule into `mangle`: its `PREROUTING` sees the same packets, right behind conntrack. Or decide in `raw` by',
      'addresses, ports and flags alone.',
    ),
    suppress: 'Hardly ever. A rule that only counts may stay.',
  },
  kernel: ['include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities', 'net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'The host is cut off',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate INVALID -j DROP
#                          ^^^^^^^^^^^^^^^^^ every packet is INVALID
COMMIT
`,
    },
    {
      title: 'So it is by a negation, in a chain of its own; loopback is spared',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:rubbish - [0:0]
-A PREROUTING ! -i lo -j rubbish
-A rubbish -p tcp -m state ! --state NEW,ESTABLISHED -j DROP
#                          ^^^^^^^^^^^^^^^^^^^^^^^^^ every packet is INVALID
COMMIT
`,
    },
    {
      title: 'The limit for new connections limits nothing: a warning',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j DROP
#                                                   ^^^^^^^^^^^^^ never matches
COMMIT
`,
    },
    {
      title: 'Answers are to be let through, and the rest of port 53 is not',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                                         ^^^^^^^^^^^^^^^^^^^^^ never matches
-A PREROUTING -i eth0 -p udp -m udp --sport 53 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A connection has no mark yet',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:marks - [0:0]
-A PREROUTING -j marks
-A OUTPUT -m connmark --mark 0x1 -j ACCEPT
#            ^^^^^^^^ never matches
-A marks -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ CONNMARK has nothing to restore from
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The rule stands behind conntrack',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'UNTRACKED behind a NOTRACK',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -m conntrack --ctstate UNTRACKED -j ACCEPT
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
`,
    },
    {
      title: 'A zone: its packets carry a template, which counts as NEW',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth1 -j CT --zone 1
-A PREROUTING -i eth1 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const raw = context.ruleset.tables.find(({ name }) => name === 'raw');
  const suspects = raw === undefined ? [] : stateRules(raw);
  if (raw === undefined) return [];
  const others = withoutConnection(context, raw);
  if (suspects.length === 0) return others;
  const walker = context.walker();
  return [...suspects.flatMap((ref) => report(context, walker, raw, ref) ?? []), ...others];
}

function stateRules({ chains }: Table): readonly RuleRef[] {
  return chains.flatMap(({ name: chain, rules }) =>
    rules
      .map((rule, index): RuleRef => ({ table: 'raw', chain, number: index + 1, rule }))
      .filter(({ rule }) => rule.matches.some((match) => regionsOf(match)?.some(asksForState))),
  );
}

function asksForState({ conditions }: { readonly conditions: readonly { readonly kind: string }[] }): boolean {
  return conditions.some(({ kind }) => kind === 'state');
}

function report(context: LintContext, walker: Walker, raw: Table, ref: RuleRef): Report | undefined {
  const takesInvalid = takes(walker, ref, 'INVALID');
  const isForTracked = takes(walker, ref, 'NEW') || takes(walker, ref, 'ESTABLISHED') || takes(walker, ref, 'RELATED');
  if (!takesInvalid && (!isForTracked || hasTemplates(raw))) return undefined;
  const effect = effectOf(ref.rule.target)?.kind;
  const isDenying = takesInvalid && (effect === 'drop' || effect === 'reject');
  const witness = findWitness(context, walker, raw, ref, isDenying);
  if (witness === undefined) return undefined;
  const harm = takesInvalid
    ? `here every packet is INVALID, and ${isDenying ? 'all that is asked for beside the state is dropped' : 'the rule takes them all'}`
    : 'here every packet is INVALID, and the rule never matches';
  return {
    ...(isDenying ? {} : { severity: 'warning' as const }),
    span: stateSpan(context.document, ref),
    message: `${nameOf(ref)} asks for a state before conntrack has seen the packet: ${harm}. Move it to mangle:${hookOf(raw, ref)}.`,
    related: [],
    fixes: [],
    witness,
  };
}

function takes(walker: Walker, ref: RuleRef, state: 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED'): boolean {
  return packetsOfPath(walker, [ref], { state: statesOf(state) }).length > 0;
}

/** A packet that the rule would be for: denied by it, or past it although its state is right, behind raw. */
function findWitness(
  { hints }: LintContext,
  walker: Walker,
  raw: Table,
  ref: RuleRef,
  isDenying: boolean,
): Witness | undefined {
  const path = pathTo(raw, ref);
  const way: WayName = path?.[0]?.chain === 'OUTPUT' ? 'OUTPUT' : 'INPUT';
  const start = startOf(walker.space, way, hints);
  for (const state of isDenying ? (['INVALID'] as const) : (['INVALID', 'NEW', 'ESTABLISHED'] as const)) {
    const [piece] = packetsOfPath(walker, path ?? [], { ...start, state: statesOf(state) });
    const box = piece && intersectBoxes(piece.box, start);
    const packet = box && pickPacket(walker.space, box, way);
    if (path === undefined || packet === undefined) continue;
    const host = hostFor(packet, way, hints);
    const witness: Witness = {
      host,
      packets: [scenarioPacket(packet, way)],
      victim: 0,
      harm: isDenying ? 'denied' : 'misjudged',
    };
    const seen = fateOf(walker.ruleset, witness);
    const isConfirmed = isDenying ? isDeniedAt(seen?.result.fate, ref) : seen?.isAccepted;
    if (isConfirmed) return witness;
    if (isDenying || takes(walker, ref, 'INVALID')) continue;
    const missed: Witness = {
      ...witness,
      harm: 'missed',
      rule: { table: 'raw', chain: ref.chain, number: ref.number },
    };
    if (seen && !isDecidedInRaw(seen.result) && suffers(walker.ruleset, missed)) return missed;
  }
  return undefined;
}

function isDeniedAt(fate: Fate | undefined, { chain, number }: RuleRef): boolean {
  return fate !== undefined && 'where' in fate && fate.where === `raw:${chain}:rule:${number}`;
}

/** Jumps from a base chain to the rule, itself last; undefined where no jump leads there. */
function pathTo({ chains }: Table, ref: RuleRef, seen: readonly string[] = []): readonly RuleRef[] | undefined {
  if (chainIn({ chains }, ref.chain)?.policy !== undefined) return [ref];
  for (const { name: chain, rules } of chains.filter(({ name }) => !seen.includes(name))) {
    for (const [index, rule] of rules.entries()) {
      if (rule.target.kind !== 'jump' && rule.target.kind !== 'goto') continue;
      if (rule.target.chain !== ref.chain) continue;
      const caller: RuleRef = { table: 'raw', chain, number: index + 1, rule };
      const path = pathTo({ name: 'raw', chains }, caller, [...seen, ref.chain]);
      if (path) return [...path, ref];
    }
  }
  return undefined;
}

function hookOf(raw: Table, ref: RuleRef): string {
  return pathTo(raw, ref)?.[0]?.chain ?? 'PREROUTING';
}
