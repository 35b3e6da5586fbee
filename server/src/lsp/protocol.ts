/**
 * What the editor and the server say to each other beyond LSP. Types only, all of it JSON: the client and the panel
 * import them without the server's code.
 */
import type { Assumptions, HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Result } from '../../../src-sim/sim/trace';

/** Request `chainwalk/simulate`: run packets through the ruleset as the editor holds it now. */
export const SIMULATE = 'chainwalk/simulate';

/** The client's command that opens the simulation panel; code lenses and code actions call it with a URI and {@link TraceFrom}. */
export const TRACE_COMMAND = 'chainwalk.tracePacket';

/** What a trace begins with: packets for a chain, or the witness of a finding. */
export type TraceFrom = { readonly chain: string } | { readonly finding: FindingPlace };

/** A finding among those that were published last for a version of the document. */
export interface FindingPlace {
  readonly version: number;
  readonly index: number;
}

/** Request `chainwalk/witness`: packets that prove a finding; null where it has none, or the text is another by now. */
export const WITNESS = 'chainwalk/witness';

export interface WitnessParams extends FindingPlace {
  readonly uri: string;
}

export interface WitnessAnswer {
  readonly host: HostDescription;
  readonly packets: readonly ScenarioPacket[];
  /** Index of the packet that suffers. */
  readonly victim: number;
}

/** The client's command that shows the page of a lint rule, by its code; without one it asks which. */
export const EXPLAIN_COMMAND = 'chainwalk.explain';

/** What the client says when it starts the server. */
export interface InitializationOptions {
  /** The client shows `SCHEME:/CODE.md` as the page of a lint rule: {@link PAGE} gives the text. */
  readonly pageScheme?: string;
}

/** Request `chainwalk/page`: the page of a lint rule or of a refusal as Markdown; null where there is none. */
export const PAGE = 'chainwalk/page';

export interface PageParams {
  readonly code: string;
}

/** Request `chainwalk/rules`: every lint rule. */
export const RULES = 'chainwalk/rules';

export interface RuleAnswer {
  readonly code: string;
  readonly title: string;
  readonly group: string;
}

export interface SimulateParams {
  readonly uri: string;
  /** Absent: the host that `# chainwalk:` comments, settings, and the ruleset's own words suggest. */
  readonly host?: HostDescription;
  /** Absent: the first of those that the ruleset suggests. */
  readonly packets?: readonly ScenarioPacket[];
  /** What is taken where the simulator cannot decide. */
  readonly assume?: Assumptions;
  /** A chain that the suggested packets should reach. */
  readonly chain?: string;
}

export interface SimulateAnswer {
  /** The document's version that was simulated. */
  readonly version: number;
  readonly family: 4 | 6;
  readonly host: HostDescription;
  readonly packets: readonly ScenarioPacket[];
  /** Packets that begin something the ruleset has rules for: what the panel's presets start from. At least one. */
  readonly suggested: readonly ScenarioPacket[];
  readonly result: Result;
  readonly outline: readonly OutlineTable[];
}

/** The ruleset as the panel shows it: which tables and chains there are, and the text of each rule. */
export interface OutlineTable {
  readonly name: string;
  readonly chains: readonly OutlineChain[];
}

export interface OutlineChain {
  readonly name: string;
  readonly policy?: string;
  /** 0-based line of `:CHAIN`. */
  readonly line?: number;
  /** In order; index 0 is rule 1. */
  readonly rules: readonly OutlineRule[];
}

export interface OutlineRule {
  /** 0-based. */
  readonly line: number;
  /** The rule without counters and `-A CHAIN`. */
  readonly text: string;
  readonly conditions: readonly OutlineCondition[];
}

/** Where in the rule's text an option of it stands: a step that did not match names the option. */
export interface OutlineCondition {
  readonly option: string;
  readonly start: number;
  readonly end: number;
}
