/**
 * How an extension of ebtables is declared: once, in one file, with its options, its documentation, its examples that
 * are its tests, and its behaviour. Option values are those of iptables' extensions (xt/define.ts).
 */
import type { Packet } from '../net/packet';
import type { BridgeChainName, BridgeTableName } from '../netfilter/hook';
import type { Given, GivenOptions } from '../netfilter/ruleset';
import type { Example, GivenFor, Mismatch, OptionDeclarations } from '../xt/define';
import type { BridgeVerdict } from './ruleset';
import type { BridgeWorld } from './world';

/** `nat:PREROUTING`, where a target may stand. */
export type BridgePlace = `${BridgeTableName}:${BridgeChainName}`;

interface Declaration<Options extends OptionDeclarations> {
  readonly name: string;
  /** One or two sentences, Markdown. */
  readonly summary: string;
  readonly details?: string;
  /** `net/bridge/netfilter/ebt_ip.c:ebt_ip_mt`. */
  readonly kernel: string;
  readonly options: Options;
  /** Names of the protocols of which `-p` must give one, without `!`. */
  readonly protocols?: readonly string[];
  /** Groups of which exactly one option must be given. */
  readonly oneOf?: readonly (readonly (keyof Options & string)[])[];
  /** Why a combination is refused, where the tables above cannot say it. */
  refuses?(given: GivenFor<Options>): string | undefined;
  /** The same, in the options that ebtables-save prints. */
  canonical?(given: GivenFor<Options>): GivenFor<Options>;
  /** A packet line of them is bridged from port p0 to p1. */
  readonly examples: readonly Example[];
}

export interface BridgeMatchDeclaration<Options extends OptionDeclarations = OptionDeclarations>
  extends Declaration<Options> {
  readonly kind: 'match';
  matches(packet: Packet, given: GivenFor<Options>, world: BridgeWorld): true | Mismatch;
}

export interface BridgeWatcherDeclaration<Options extends OptionDeclarations = OptionDeclarations>
  extends Declaration<Options> {
  readonly kind: 'watcher';
  watch(packet: Packet, given: GivenFor<Options>, world: BridgeWorld): void;
}

export interface BridgeTargetDeclaration<Options extends OptionDeclarations = OptionDeclarations>
  extends Declaration<Options> {
  readonly kind: 'target';
  /** Where it may stand, and the chains that are called from there; absent: everywhere. */
  readonly places?: readonly BridgePlace[];
  apply(packet: Packet, given: GivenFor<Options>, world: BridgeWorld): BridgeVerdict;
}

type Behaviour = 'refuses' | 'canonical' | 'matches' | 'watch' | 'apply';

interface Erased {
  refuses?(given: GivenOptions): string | undefined;
  canonical?(given: GivenOptions): GivenOptions;
}

export interface BridgeMatch extends Omit<BridgeMatchDeclaration, Behaviour>, Erased {
  matches(packet: Packet, given: GivenOptions, world: BridgeWorld): true | Mismatch;
}

export interface BridgeWatcher extends Omit<BridgeWatcherDeclaration, Behaviour>, Erased {
  watch(packet: Packet, given: GivenOptions, world: BridgeWorld): void;
}

export interface BridgeTargetExtension extends Omit<BridgeTargetDeclaration, Behaviour>, Erased {
  apply(packet: Packet, given: GivenOptions, world: BridgeWorld): BridgeVerdict;
}

export type BridgeExtension = BridgeMatch | BridgeWatcher | BridgeTargetExtension;

// The parser builds `given` from these very declarations: the casts restore types that JSON could not carry.

export function defineBridgeMatch<const Options extends OptionDeclarations>(
  declaration: Omit<BridgeMatchDeclaration<Options>, 'kind'>,
): BridgeMatch {
  return { ...declaration, kind: 'match' } as unknown as BridgeMatch;
}

export function defineBridgeWatcher<const Options extends OptionDeclarations>(
  declaration: Omit<BridgeWatcherDeclaration<Options>, 'kind'>,
): BridgeWatcher {
  return { ...declaration, kind: 'watcher' } as unknown as BridgeWatcher;
}

export function defineBridgeTarget<const Options extends OptionDeclarations>(
  declaration: Omit<BridgeTargetDeclaration<Options>, 'kind'>,
): BridgeTargetExtension {
  return { ...declaration, kind: 'target' } as unknown as BridgeTargetExtension;
}

/** The first conjunct that does not hold. */
export function firstMismatch(answers: readonly (true | Mismatch)[]): true | Mismatch {
  return answers.find((answer) => answer !== true) ?? true;
}

/** Whether a value is there, and is not `!`. */
export function isPlain<T extends Given>(given: T | undefined): given is T {
  return given !== undefined && !given.inverted;
}
