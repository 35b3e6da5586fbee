/**
 * How an iptables extension is declared: once, in one file, with its options, its documentation, its examples that are
 * its tests, and its behaviour. The parser, the checker, completion, hover, the documents, the formatter, the simulator
 * and the tests read these declarations; no other file holds an option's name.
 */
import type { Family } from '../net/address';
import type { Packet } from '../net/packet';
import type { Hook, TableName } from '../netfilter/hook';
import type { Given, GivenOptions, Json, MatchUse } from '../netfilter/ruleset';
import type { Region, TargetEffect } from './region';
import type { LoadWorld, TargetWorld, World } from './world';

/** A kind of option value: how it is read, printed, and explained. */
export interface ValueType<T extends Json> {
  /** What to call it in a message: "port or port range". */
  readonly name: string;
  /** How many words of the command line it takes; 0 for a bare flag. */
  readonly words: number;
  /** Its one word may be missing: what begins with `-` or `!` is not it. */
  readonly optional?: true;
  /**
   * @param words as many as `this.words`, quotes already removed
   * @param protocol what `-p` named before them, where it matters
   */
  parse(words: readonly string[], family: Family, protocol?: number): Parsed<T>;
  /** The words that iptables-save prints for the value, quoted where it quotes. */
  print(value: T): readonly string[];
  /** Whether iptables-save leaves the whole option out, since the value says nothing (`--dport 0:65535`). */
  omitted?(value: T, inverted: boolean): boolean;
  /** What completion offers, where the values can be listed. */
  readonly choices?: readonly Choice[];
  /** Of several words, from which on the choices are meant; the words before are names of the user's own. */
  readonly choicesFrom?: number;
  /** The choices are not all there is: a port has a number as well. */
  readonly hasOthers?: true;
}

export type Parsed<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** What is odd about it, though iptables takes it: it reads something else than was probably meant. */
      readonly warning?: string;
    }
  | Unparsed;

export interface Unparsed {
  readonly ok: false;
  readonly error: string;
  /** It is a host's name: right or not, only the machine that loads the rules can say. */
  readonly needsLookup?: true;
}

export interface Choice<Text extends string = string> {
  readonly text: Text;
  readonly summary: string;
  /** Where the choice stands in one family only. */
  readonly families?: readonly Family[];
}

export interface OptionDeclaration<T extends Json = Json, Required extends boolean = boolean> {
  readonly type: ValueType<T>;
  /** One sentence, Markdown. */
  readonly summary: string;
  /** Whether `!` may stand before it. */
  readonly invert: boolean;
  readonly required: Required;
  /** One letter, for the built-in `-s`, `-p`…. */
  readonly short?: string;
  /** Other spellings of the same option (`--destination-port` for `--dport`). */
  readonly aliases: readonly string[];
  readonly excludes: readonly string[];
  /** Options of which at least one must stand beside it. */
  readonly requires?: readonly string[];
  /** Hooks at which the option may stand, where that is narrower than its extension's. */
  readonly hooks?: readonly Hook[];
}

export interface OptionExtras {
  readonly invert?: boolean;
  readonly required?: boolean;
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly excludes?: readonly string[];
  readonly requires?: readonly string[];
  readonly hooks?: readonly Hook[];
}

export type OptionDeclarations = { readonly [name: string]: OptionDeclaration };

/** What the rule gave, typed from the declaration: a misspelt option does not compile. */
export type GivenFor<Options extends OptionDeclarations> = {
  readonly [Name in keyof Options as Options[Name] extends OptionDeclaration<Json, true> ? Name : never]: Given<
    ValueOf<Options[Name]>
  >;
} & {
  readonly [Name in keyof Options as Options[Name] extends OptionDeclaration<Json, true> ? never : Name]?: Given<
    ValueOf<Options[Name]>
  >;
};

type ValueOf<Option> = Option extends OptionDeclaration<infer T, boolean> ? T : never;

export function option<T extends Json>(
  type: ValueType<T>,
  summary: string,
  extras: OptionExtras & { readonly required: true },
): OptionDeclaration<T, true>;
export function option<T extends Json>(
  type: ValueType<T>,
  summary: string,
  extras?: OptionExtras,
): OptionDeclaration<T, false>;
export function option<T extends Json>(
  type: ValueType<T>,
  summary: string,
  extras: OptionExtras = {},
): OptionDeclaration<T> {
  return { invert: false, required: false, aliases: [], excludes: [], ...extras, type, summary };
}

/** What a match answers. A mismatch names the option that failed and what the packet has instead. */
export type MatchAnswer =
  | true
  | Mismatch
  /** The packet is dropped, whatever the rule's target. @kernel include/linux/netfilter/x_tables.h:xt_action_param */
  | { readonly kind: 'hotdrop'; readonly reason: string }
  /** The same, of a match that holds nevertheless: its rule counts the packet, and is the last. */
  | { readonly kind: 'doomed'; readonly reason: string }
  /** What cannot be decided here; the user's choice decides. */
  | { readonly kind: 'unsure'; readonly reason: string };

export interface Mismatch {
  readonly kind: 'mismatch';
  /** The option as the rule would spell it, without dashes; empty where the match as a whole failed. */
  readonly option: string;
  /** "the packet is NEW", "the source port is 40000". */
  readonly saw: string;
}

export function mismatch(option: string, saw: string): Mismatch {
  return { kind: 'mismatch', option, saw };
}

/** What an option that was not written would be. */
export function given<T extends Json>(value: T, inverted = false): Given<T> {
  return { value, inverted };
}

/** `held !== inverted`, with the words for when it is not so. */
export function compare(
  option: string,
  given: { readonly inverted: boolean },
  held: boolean,
  saw: () => string,
): true | Mismatch {
  return held !== given.inverted ? true : mismatch(option, saw());
}

/** What a target answers. `continue` is XT_CONTINUE: the walk goes on with the next rule. */
export type TargetAnswer =
  | { readonly kind: 'continue'; readonly packet?: Packet }
  | { readonly kind: 'verdict'; readonly verdict: 'ACCEPT' | 'DROP'; readonly reason?: string }
  | { readonly kind: 'return' }
  | { readonly kind: 'unsure'; readonly reason: string };

/** In the manner of iptables' own test rows: `rule;what iptables-save prints;OK or FAIL`. */
export type Example =
  | { readonly kind: 'accepted'; readonly rule: string; readonly saved: string }
  | { readonly kind: 'refused'; readonly rule: string; readonly why: string }
  /** A packet line (sim/packet-line.ts) that the rule does, or does not, match. */
  | { readonly kind: 'packet'; readonly rule: string; readonly packet: string; readonly matched: boolean };

/** iptables-save prints the rule as it was written. */
export function same(rule: string): Example {
  return { kind: 'accepted', rule, saved: rule };
}

export function saved(rule: string, text: string): Example {
  return { kind: 'accepted', rule, saved: text };
}

export function fails(rule: string, why: string): Example {
  return { kind: 'refused', rule, why };
}

export function takes(rule: string, packet: string): Example {
  return { kind: 'packet', rule, packet, matched: true };
}

export function leaves(rule: string, packet: string): Example {
  return { kind: 'packet', rule, packet, matched: false };
}

/** What a declaration's own checks may know of the rule around it. */
export interface RuleContext {
  readonly family: Family;
  /** What `-p` gives, where it does. */
  readonly protocol: Given<number> | undefined;
  /** The rule's matches, the built-in conditions apart. */
  readonly matches: readonly MatchUse[];
}

/** Why a rule is refused; where only one variant of iptables minds it, which. */
export type Refusal = string | { readonly why: string; readonly by: 'legacy' | 'nft' };

interface Declaration<Options extends OptionDeclarations> {
  readonly name: string;
  /** Other names under which `-m` or `-j` finds it (`icmpv6` for `icmp6`). */
  readonly aliases?: readonly string[];
  readonly families: readonly Family[];
  /** Protocols whose `-p` makes the match's options known without `-m`. */
  readonly loadedBy?: readonly number[];
  /** One or two sentences, Markdown: what it does. */
  readonly summary: string;
  /** Longer, Markdown: what people get wrong about it. */
  readonly details?: string;
  /** `net/netfilter/xt_limit.c:limit_mt`. */
  readonly kernel: string;
  readonly options: Options;
  /** Groups of which exactly one option must be given. */
  readonly oneOf?: readonly (readonly (keyof Options & string)[])[];
  /** Groups of which at least one option must be given. */
  readonly anyOf?: readonly (readonly (keyof Options & string)[])[];
  readonly tables?: readonly TableName[];
  readonly hooks?: readonly Hook[];
  /** Hooks at which it may stand, where that depends on what is given; undefined: at all of the above. */
  hooksFor?(given: GivenFor<Options>): readonly Hook[] | undefined;
  /** iptables-nft makes something of its own of it, which may stand in every table. */
  readonly anyTableInNft?: true;
  /** Protocol that `-p` must name, or one of them. */
  readonly protocols?: readonly number[];
  /** Why a combination of options is refused, where the tables above cannot say it; undefined: it is not. */
  refuses?(given: GivenFor<Options>, context: RuleContext): Refusal | undefined;
  /** The same, in the options that iptables-save prints: `--syn` becomes `--tcp-flags`, defaults are spelt out. */
  canonical?(given: GivenFor<Options>, family: Family): GivenFor<Options>;
  /** Whether conntrack must run for it (it registers conntrack's hooks). */
  readonly needsConntrack?: boolean | ((given: GivenFor<Options>) => boolean);
  /**
   * What loading the rule makes, in the order of the file: the table that rules share by name.
   * @returns why this host refuses the rule, where it does: what the rule names is not there
   */
  prepare?(given: GivenFor<Options>, world: LoadWorld): string | undefined;
  readonly examples: readonly Example[];
}

export interface MatchDeclaration<Options extends OptionDeclarations = OptionDeclarations>
  extends Declaration<Options> {
  readonly kind: 'match';
  matches(packet: Packet, given: GivenFor<Options>, world: World): MatchAnswer;
  /** The packets it takes, as their union; absent where headers do not tell. */
  region?(given: GivenFor<Options>): readonly Region[];
}

export interface TargetDeclaration<Options extends OptionDeclarations = OptionDeclarations>
  extends Declaration<Options> {
  readonly kind: 'target';
  apply(packet: Packet, given: GivenFor<Options>, world: TargetWorld): TargetAnswer;
  /** What it does to every packet that reaches it; absent where that cannot be said beforehand. */
  effect?(given: GivenFor<Options>): TargetEffect;
}

type Behaviour =
  | 'matches'
  | 'prepare'
  | 'region'
  | 'apply'
  | 'effect'
  | 'needsConntrack'
  | 'hooksFor'
  | 'refuses'
  | 'canonical';

interface ErasedBehaviour {
  needsConntrack(given: GivenOptions): boolean;
  prepare?(given: GivenOptions, world: LoadWorld): string | undefined;
  hooksFor?(given: GivenOptions): readonly Hook[] | undefined;
  refuses?(given: GivenOptions, context: RuleContext): Refusal | undefined;
  canonical?(given: GivenOptions, family: Family): GivenOptions;
}

/** A declaration as its readers see it: its options by name, behaviour called with what a rule gives. */
export interface Match extends Omit<MatchDeclaration, Behaviour>, ErasedBehaviour {
  matches(packet: Packet, given: GivenOptions, world: World): MatchAnswer;
  region?(given: GivenOptions): readonly Region[];
}

export interface Target extends Omit<TargetDeclaration, Behaviour>, ErasedBehaviour {
  apply(packet: Packet, given: GivenOptions, world: TargetWorld): TargetAnswer;
  effect?(given: GivenOptions): TargetEffect;
}

export type Extension = Match | Target;

export function defineMatch<const Options extends OptionDeclarations>(
  declaration: Omit<MatchDeclaration<Options>, 'kind'>,
): Match {
  return { ...declaration, kind: 'match', needsConntrack: conntrackNeed(declaration) } as unknown as Match;
}

export function defineTarget<const Options extends OptionDeclarations>(
  declaration: Omit<TargetDeclaration<Options>, 'kind'>,
): Target {
  return { ...declaration, kind: 'target', needsConntrack: conntrackNeed(declaration) } as unknown as Target;
}

/**
 * The words that iptables-save prints behind `-m NAME` or `-j NAME`: the canonical options in the order of their
 * declaration.
 */
export function printOptions(extension: Extension, given: GivenOptions, family: Family): readonly string[] {
  const canonical = isComplete(extension, given) ? (extension.canonical?.(given, family) ?? given) : given;
  return Object.entries(extension.options).flatMap(([name, declaration]) => {
    const value = canonical[name];
    return value === undefined ? [] : printOption(name, declaration, value);
  });
}

/** A rule that is still being written lacks what its declaration relies on. */
function isComplete({ options, canonical }: Extension, given: GivenOptions): boolean {
  if (canonical === undefined) return false;
  return Object.entries(options).every(([name, { required }]) => !required || given[name] !== undefined);
}

function printOption(name: string, declaration: OptionDeclaration, given: Given): readonly string[] {
  if (declaration.type.omitted?.(given.value, given.inverted)) return [];
  const flag = declaration.short === undefined ? `--${name}` : `-${declaration.short}`;
  return [...(given.inverted ? ['!'] : []), flag, ...declaration.type.print(given.value)];
}

function conntrackNeed<Options extends OptionDeclarations>(
  declaration: Declaration<Options>,
): (given: GivenOptions) => boolean {
  const need = declaration.needsConntrack ?? false;
  // The parser builds `given` from these very declarations, so the cast restores a type that JSON could not carry.
  return typeof need === 'boolean' ? () => need : (given) => need(given as GivenFor<Options>);
}
