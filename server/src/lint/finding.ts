/** What the linter found: a place, a sentence, and where it can be had, a proof and a cure. */
import type { CtState } from '../../../src-sim/conntrack/entry';
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Span } from '../syntax/tree';

export type Severity = 'error' | 'warning' | 'information' | 'hint';

/** All spans are offsets into the document's text. */
export interface Finding {
  /** Name of the lint rule: file, page, setting and suppression carry it too. */
  readonly code: string;
  readonly severity: Severity;
  readonly span: Span;
  readonly message: string;
  /** The other places that the message speaks of. */
  readonly related: readonly RelatedPlace[];
  readonly fixes: readonly Fix[];
  readonly witness?: Witness;
  /** A comment of the ruleset says that it is meant. */
  readonly suppressed?: { readonly reason: string };
}

export interface RelatedPlace {
  readonly span: Span;
  readonly message: string;
}

export interface Fix {
  readonly title: string;
  /** Disjoint, in the order of the text. */
  readonly edits: readonly TextEdit[];
  /** Whether it may be applied without asking: it says the same, only better. */
  readonly safe: boolean;
  /** The packets that fare differently with it; where nothing is said, those of the witness's service. */
  readonly scope?: FixScope;
}

/**
 * `nothing`: every packet fares as before. `service`: packets of the witness's protocol that have one of its ports.
 * `packets`: those that are all of what is named.
 */
export type FixScope =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'service' }
  | { readonly kind: 'packets'; readonly of: PacketKind };

export interface PacketKind {
  /** As `-p` names them. */
  readonly protocols?: readonly string[];
  readonly states?: readonly CtState[];
  /** Interfaces by which they come, or leave; '' for none. */
  readonly inside?: readonly string[];
  readonly outside?: readonly string[];
  readonly ports?: readonly number[];
}

export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** Packets that suffer what the finding says, on a host where they do: the simulator confirmed it. */
export interface Witness {
  readonly host: HostDescription;
  readonly packets: readonly ScenarioPacket[];
  /** Index of the packet that suffers. */
  readonly victim: number;
  readonly harm: Harm;
  /** The rule that harm `missed` or `taken` speaks of. */
  readonly rule?: WitnessRule;
}

/**
 * What the victim suffers. `denied`: it is dropped or rejected. `accepted`: it gets through, or in. `misjudged`:
 * conntrack takes it for the beginning of something, or for nothing. `missed`: it passes the rule's chain and the rule
 * does not match it, though it is what the rule names. `taken`: the rule matches it, though it should not.
 * `rewritten`: it leaves, or arrives, with other addresses or ports. `untranslated`: it does so with its own. `unanswered`: what
 * the host makes because of it (REJECT's answer, a RST) does not get out. `answered-directly`: it is sent on
 * to a server beside its sender, which answers past this host.
 */
export type Harm =
  | 'denied'
  | 'accepted'
  | 'misjudged'
  | 'missed'
  | 'taken'
  | 'rewritten'
  | 'answered-directly'
  | 'untranslated'
  | 'unanswered';

export interface WitnessRule {
  readonly table: TableName;
  readonly chain: string;
  /** From 1. */
  readonly number: number;
}

/** The text with the edits of a fix made. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let from = 0;
  for (const { span, text: inserted } of edits) {
    result += text.slice(from, span.start) + inserted;
    from = span.end;
  }
  return result + text.slice(from);
}
