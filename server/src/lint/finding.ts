/** What the linter found: a place, a sentence, and where it can be had, a proof and a cure. */
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
  /** What it suffers: somebody denies it, or conntrack takes it for what it is not. */
  readonly harm: 'denied' | 'misjudged';
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
