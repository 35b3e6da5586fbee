/** A ruleset of ebtables as the kernel holds it, as JSON; made from `ebtables-save` text by parse.ts. */
import type { BridgeTableName, BridgeVariant } from '../netfilter/hook';
import type { Counters, GivenOptions } from '../netfilter/ruleset';

export interface BridgeRuleset {
  /** Which ebtables the text is of; undefined: it does not tell. */
  readonly variant: BridgeVariant | undefined;
  readonly tables: readonly BridgeTable[];
}

export interface BridgeTable {
  readonly name: BridgeTableName;
  /** Built-in chains first, in hook order, then the user's in order of declaration. */
  readonly chains: readonly BridgeChain[];
}

export type BridgeVerdict = 'ACCEPT' | 'DROP' | 'CONTINUE' | 'RETURN';

export interface BridgeChain {
  readonly name: string;
  readonly isBuiltin: boolean;
  /** User-defined chains have one, too; only theirs may be RETURN. */
  readonly policy: BridgeVerdict;
  readonly rules: readonly BridgeRule[];
}

export interface BridgeRule {
  /** `-p -i -o -s -d …` first, then the matches, left to right. */
  readonly matches: readonly BridgeUse[];
  /** They look, and decide nothing. */
  readonly watchers: readonly BridgeUse[];
  readonly target: BridgeTarget;
  /** What `-c` gave: the kernel counts on from there. */
  readonly counters: Counters;
  /** 0-based line of the text. */
  readonly line: number;
  readonly text: string;
}

export interface BridgeUse {
  readonly name: string;
  readonly options: GivenOptions;
}

export type BridgeTarget =
  | { readonly kind: 'verdict'; readonly verdict: BridgeVerdict }
  | { readonly kind: 'jump'; readonly chain: string }
  | ({ readonly kind: 'target' } & BridgeUse);
