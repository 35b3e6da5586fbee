/**
 * A ruleset as the kernel holds it, as JSON: tables of chains of rules, options already parsed to the values that their
 * declarations in xt/ define. Made from text by server/src/analysis/lower.ts.
 */
import type { Family } from '../net/address';
import type { TableName } from './hook';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Ruleset {
  readonly family: Family;
  /** In the order of the file; a table that is not named is not there. */
  readonly tables: readonly Table[];
}

export interface Table {
  readonly name: TableName;
  /** Built-in chains first, in hook order, then the user's in order of declaration. */
  readonly chains: readonly Chain[];
}

export type Policy = 'ACCEPT' | 'DROP';

export interface Chain {
  readonly name: string;
  /** Only built-in chains have a policy. */
  readonly policy?: Policy;
  readonly counters: Counters;
  readonly rules: readonly Rule[];
}

export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

export interface Rule {
  /** Left to right as the kernel tests them; the built-in conditions (`-s -d -i -o -p -f`), where given, come first. */
  readonly matches: readonly MatchUse[];
  readonly target: TargetUse;
  readonly counters: Counters;
  /** 0-based line of the text that this rule comes from; `-s a,b` makes several rules of one line. */
  readonly line: number;
}

/** What was given for one option. */
export interface Given<T extends Json = Json> {
  readonly value: T;
  readonly inverted: boolean;
}

export type GivenOptions = { readonly [option: string]: Given };

export interface MatchUse {
  readonly name: string;
  readonly options: GivenOptions;
  /** Set where the name, or an option, has no declaration: the simulator cannot be sure of it. */
  readonly unknown?: string;
}

export type TargetUse =
  /** A rule without `-j`: it counts and goes on. */
  | { readonly kind: 'none' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'target'; readonly name: string; readonly options: GivenOptions; readonly unknown?: string };

export const NO_COUNTERS: Counters = { packets: 0, bytes: 0 };
