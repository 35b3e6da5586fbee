/**
 * What the editor and the server say to each other beyond LSP. Types only, all of it JSON: the client and the panel
 * import them without the server's code.
 */
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Result } from '../../../src-sim/sim/trace';

/** Request `chainwalk/simulate`: run packets through the ruleset as the editor holds it now. */
export const SIMULATE = 'chainwalk/simulate';

/** The client's command that opens the simulation panel; a code lens calls it with a URI and {@link TraceFrom}. */
export const TRACE_COMMAND = 'chainwalk.tracePacket';

/** Where a trace is asked for. */
export interface TraceFrom {
  readonly chain: string;
}

export interface SimulateParams {
  readonly uri: string;
  /** Absent: the host that `# chainwalk:` comments, settings, and the ruleset's own words suggest. */
  readonly host?: HostDescription;
  /** Absent: the first of those that the ruleset suggests. */
  readonly packets?: readonly ScenarioPacket[];
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
