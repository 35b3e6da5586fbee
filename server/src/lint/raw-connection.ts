/** Rules of the table raw that ask for what only a connection has: no packet has one there. */
import type { MatchUse, Table } from '../../../src-sim/netfilter/ruleset';
import type { PacketResult } from '../../../src-sim/sim/trace';
import { spanInDocument } from '../analysis/document';
import { effectOf, type RuleRef } from '../analysis/rule-packets';
import { arrivingPacket } from './arriving-packet';
import { type LintContext, nameOf, type Report } from './define';
import type { Witness } from './finding';
import { suffers } from './harm';
import { targetSpan } from './places';
import { lineOf, matchOf } from './rule-lines';
import { fateOf, hostFor, scenarioPacket } from './witness';

/** What a connection is asked for, beside its state. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(['connmark', 'connbytes', 'connlabel', 'helper', 'conntrack']);

/** `CT --zone`: behind it packets carry a template, of which conntrack's matches take something. */
export function hasTemplates({ chains }: Table): boolean {
  return chains.some(({ rules }) => rules.some(({ target }) => effectOf(target)?.kind === 'template'));
}

/** Whether a rule of raw had the last word: what stands behind it is not asked. */
export function isDecidedInRaw({ steps }: PacketResult): boolean {
  const last = steps.filter((step) => step.kind === 'rule' && step.matched && step.table === 'raw').at(-1);
  return last?.kind === 'rule' && last.matched && ['ACCEPT', 'DROP'].includes(last.verdict);
}

export function withoutConnection(context: LintContext, raw: Table): readonly Report[] {
  if (hasTemplates(raw)) return [];
  return raw.chains.flatMap(({ name: chain, rules }) =>
    rules.flatMap((rule, index) => report(context, { table: 'raw', chain, number: index + 1, rule }) ?? []),
  );
}

function report(context: LintContext, ref: RuleRef): Report | undefined {
  const { matches, target } = ref.rule;
  const asked = matches.find(asksConnection);
  const isRestoring = target.kind === 'target' && target.name === 'CONNMARK';
  if (asked === undefined && !isRestoring) return undefined;
  const witness = confirm(context, ref, asked === undefined ? 'taken' : 'missed');
  if (witness === undefined) return undefined;
  const harm =
    asked === undefined
      ? 'raw runs before conntrack, and CONNMARK has nothing to restore from or save to.'
      : `raw runs before conntrack: no packet has a connection there, and the rule never matches.`;
  return {
    severity: 'warning',
    span: (asked && matchSpan(context, ref, asked.name)) ?? targetSpan(context.document, ref),
    message: `${nameOf(ref)}: ${harm} Move it to mangle.`,
    related: [],
    fixes: [],
    witness,
  };
}

/** A negated helper is none of any packet's, which is so; states are told apart. */
function asksConnection({ name, options }: MatchUse): boolean {
  if (!OF_CONNECTIONS.has(name) || options.ctstate !== undefined) return false;
  return Object.values(options).every((given) => given?.inverted !== true) && Object.keys(options).length > 0;
}

function confirm(context: LintContext, ref: RuleRef, harm: 'taken' | 'missed'): Witness | undefined {
  const arriving = arrivingPacket(context, [ref]);
  if (arriving === undefined) return undefined;
  const { packet, way } = arriving;
  const { table, chain, number } = ref;
  const witness: Witness = {
    host: hostFor(packet, way, context.hints),
    packets: [scenarioPacket(packet, way)],
    victim: 0,
    harm,
    rule: { table, chain, number },
  };
  const seen = fateOf(context.ruleset, witness);
  const isAsked = seen !== undefined && (harm === 'taken' || !isDecidedInRaw(seen.result));
  return isAsked && suffers(context.ruleset, witness) ? witness : undefined;
}

function matchSpan({ document }: LintContext, { rule }: RuleRef, name: string) {
  const line = lineOf(document, rule.line);
  const loader = line && matchOf(line, name)?.loader?.name;
  return loader && spanInDocument(document, rule.line, loader.span);
}
