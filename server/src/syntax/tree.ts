/**
 * The tree of an iptables-save file. One tree, no separate CST: every construct of the language is one line, so newline
 * is where parsing recovers, and a line's node depends on its own text alone. Offsets in a line are relative to the
 * line's start: an edit elsewhere does not touch them. What lies between the words is trivia: the text keeps it, and
 * the lines' texts joined give back every byte of the file.
 */
import type { Family } from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Json } from '../../../src-sim/netfilter/ruleset';
import type { Extension, OptionDeclaration } from '../../../src-sim/xt/define';

/** Offsets from the start of the line: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Tree {
  readonly family: Family;
  readonly lines: readonly Line[];
  /** What the rules are dressed in; a restore file where absent. */
  readonly dress?: Dress;
  /** The table of a listing. */
  readonly table?: TableName;
  /** Chains that something else may make: another of ufw's files, an earlier command, what a template leaves open. */
  readonly chainsElsewhere?: 'any' | 'ufw';
}

/**
 * A listing is what `iptables -S` prints; a script holds commands of iptables among others; a template becomes a
 * restore file once its place-holders are filled in.
 */
export type Dress = 'listing' | 'script' | 'template';

export type Line =
  | BlankLine
  | CommentLine
  | TableLine
  | ChainLine
  | CommandLine
  | CommitLine
  | UnknownLine
  | ForeignLine;

interface LineBase {
  /** The line's own text with its line ending (`\n`, `\r\n`, or nothing at the end of the file). */
  readonly text: string;
  readonly problems: readonly Problem[];
}

export interface BlankLine extends LineBase {
  readonly kind: 'blank';
}

export interface CommentLine extends LineBase {
  readonly kind: 'comment';
  readonly comment: Word;
}

/** `*filter` */
export interface TableLine extends LineBase {
  readonly kind: 'table';
  readonly name: Word | undefined;
}

/** `:INPUT DROP [0:0]`, `:mine - [0:0]` */
export interface ChainLine extends LineBase {
  readonly kind: 'chain';
  readonly name: Word | undefined;
  /** `ACCEPT`, `DROP`, or `-` for a user-defined chain. */
  readonly policy: Word | undefined;
  readonly counters: CountersNode | undefined;
}

export interface CommitLine extends LineBase {
  readonly kind: 'commit';
  readonly word: Word;
}

/** Text of another language: what stands between the commands of a script, or steers a template. */
export interface ForeignLine extends LineBase {
  readonly kind: 'foreign';
}

/** A line that begins like nothing known. */
export interface UnknownLine extends LineBase {
  readonly kind: 'unknown';
  readonly word: Word;
}

/** `[1:60] -A INPUT -p tcp --dport 22 -j ACCEPT` */
export interface CommandLine extends LineBase {
  readonly kind: 'command';
  readonly counters: CountersNode | undefined;
  /** `-A`, `--append`, … */
  readonly flag: Word;
  readonly command: Command;
  readonly chain: Word | undefined;
  /** `-I CHAIN 3`, `-D CHAIN 3`, `-R CHAIN 3 …`, from 1. */
  readonly position: Word | undefined;
  /** The policy of `-P CHAIN POLICY`, the new name of `-E OLD NEW`. */
  readonly argument: Word | undefined;
  /** The rule's parts, in the order of the text. */
  readonly parts: readonly RulePart[];
  /** Why it is not sure that the command is run: `it stands in a condition or a function`. */
  readonly unsure?: string;
}

export type Command =
  | 'append'
  | 'insert'
  | 'delete'
  | 'replace'
  | 'new-chain'
  | 'delete-chain'
  | 'rename-chain'
  | 'policy'
  | 'flush'
  | 'zero'
  | 'check'
  | 'list';

export type RulePart = MatchPart | TargetPart | OptionPart | GeneralPart | UnknownPart;

/** `-m NAME`. Options that follow point back to it by `owner`. */
export interface MatchPart {
  readonly kind: 'match';
  readonly flag: Word;
  readonly name: Word | undefined;
  /** Undefined where no declaration of that name exists. */
  readonly extension: Extension | undefined;
}

/** `-j NAME`, `-g CHAIN`. */
export interface TargetPart {
  readonly kind: 'jump' | 'goto';
  readonly flag: Word;
  readonly name: Word | undefined;
  /** The target's declaration; undefined for a chain, or a target without one. */
  readonly extension: Extension | undefined;
}

/** An option with its value: `! --dport 22:80`, `-s 10.0.0.0/8`. */
export interface OptionPart {
  readonly kind: 'option';
  /** The `!`, where it stands. */
  readonly bang: Word | undefined;
  readonly flag: Word;
  /** The option's name as its declaration spells it. */
  readonly option: string;
  readonly declaration: OptionDeclaration;
  readonly extension: Extension;
  /** Index, in `CommandLine.parts`, of the `-m` or `-j` that loaded the extension; undefined for a built-in, or one that `-p` loaded. */
  readonly owner: number | undefined;
  readonly words: readonly Word[];
  /** Undefined where the value could not be read; a problem says why. */
  readonly value: Json | undefined;
}

/** An option of iptables itself that says nothing about packets: `-4`, `-v`, `-c 1 60`. */
export interface GeneralPart {
  readonly kind: 'general';
  readonly flag: Word;
  /** The long name, without dashes. */
  readonly name: string;
  readonly words: readonly Word[];
}

/** Words that belong to an extension or option without a declaration: kept, named, never an error of ours. */
export interface UnknownPart {
  readonly kind: 'unknown';
  readonly words: readonly Word[];
  /** The `-m` or `-j` part they seem to belong to. */
  readonly owner: number | undefined;
}

export interface CountersNode {
  readonly span: Span;
  readonly packets: number;
  readonly bytes: number;
}

/** A word as written, and as iptables-restore reads it once quotes and escapes are gone. */
export interface Word {
  readonly span: Span;
  readonly value: string;
  /** Where in `value` something begins that is known only later: `$LAN`, `{{ port }}`. See opaque.ts. */
  readonly opaqueFrom?: number;
}

export interface Problem {
  readonly span: Span;
  readonly severity: 'error' | 'warning' | 'information';
  /** Kebab-case, stable: `unknown-option`, `bad-value`, `missing-commit`. */
  readonly code: string;
  readonly message: string;
  /** What was probably meant: the text to write in the place of the span's. */
  readonly suggestion?: string;
  /** Set where only this variant of iptables-restore refuses it, and the other does not mind. */
  readonly refusedBy?: 'legacy' | 'nft';
}
