/**
 * What iptables itself understands in a line of a restore file, apart from the conditions of a rule: the commands, the
 * options that load extensions, and the general ones. Options about packets are declared in src-sim/xt.
 *
 * @see iptables: iptables/xshared.c:do_parse
 */
import type { Family } from '../../../src-sim/net/address';
import type { Command } from './tree';

export interface CommandDeclaration {
  readonly kind: 'command';
  readonly command: Command;
  readonly short: string;
  readonly long: string;
  readonly summary: string;
  readonly chain: 'required' | 'optional';
  /** The number of a rule, behind the chain. */
  readonly position: 'none' | 'optional' | 'required';
  /** What else must stand behind the chain. */
  readonly argument?: 'policy' | 'new name';
  /** Whether conditions and a target may follow. */
  readonly rule: boolean;
}

export interface GeneralDeclaration {
  readonly kind: 'general';
  readonly name: string;
  readonly short?: string;
  readonly words: 0 | 1 | 2;
  readonly summary: string;
  /** On the command line a word may follow. */
  readonly optionalWord?: true;
  /** Why a restore file may not hold it; undefined where it may. */
  readonly refused?: string;
  /** ip(6)tables-restore of the other family skips the line. */
  readonly onlyFamily?: Family;
  /** Why it is better not there, though it is accepted. */
  readonly discouraged?: string;
  /** iptables-restore answers it and reads no further. */
  readonly stops?: true;
}

export interface LoaderDeclaration {
  readonly kind: 'match' | 'jump' | 'goto';
  readonly short: string;
  readonly long: string;
  readonly summary: string;
}

const required = { kind: 'command', chain: 'required', position: 'none' } as const;
const optional = { kind: 'command', chain: 'optional', position: 'none', rule: false } as const;

// biome-ignore format: a table, one command a line
export const COMMANDS: readonly CommandDeclaration[] = [
  { ...required, command: 'append', short: 'A', long: 'append', rule: true, summary: 'Appends a rule to the end of a chain.' },
  { ...required, command: 'insert', short: 'I', long: 'insert', rule: true, position: 'optional', summary: 'Inserts a rule at a position of a chain; at its head where no number is given.' },
  { ...required, command: 'delete', short: 'D', long: 'delete', rule: true, position: 'optional', summary: 'Deletes a rule, by number or by the rule itself.' },
  { ...required, command: 'replace', short: 'R', long: 'replace', rule: true, position: 'required', summary: 'Replaces the rule at a position of a chain.' },
  { ...required, command: 'check', short: 'C', long: 'check', rule: true, summary: 'Checks whether a rule is there; fails where it is not.' },
  { ...required, command: 'new-chain', short: 'N', long: 'new-chain', rule: false, summary: 'Makes a user-defined chain.' },
  { ...required, command: 'rename-chain', short: 'E', long: 'rename-chain', rule: false, argument: 'new name', summary: 'Renames a user-defined chain.' },
  { ...required, command: 'policy', short: 'P', long: 'policy', rule: false, argument: 'policy', summary: 'Sets the policy of a built-in chain.' },
  { ...optional, command: 'delete-chain', short: 'X', long: 'delete-chain', summary: 'Deletes an empty user-defined chain, or all of them.' },
  { ...optional, command: 'flush', short: 'F', long: 'flush', summary: 'Deletes every rule of a chain, or of all chains.' },
  { ...optional, command: 'zero', short: 'Z', long: 'zero', position: 'optional', summary: 'Sets counters to zero.' },
  { ...optional, command: 'list', short: 'L', long: 'list', position: 'optional', summary: 'Lists rules.' },
  { ...optional, command: 'list', short: 'S', long: 'list-rules', position: 'optional', summary: 'Prints rules as they are saved.' },
];

const FOR_LISTING = 'it belongs to listing rules';
const FOR_THE_COMMAND_LINE = 'it is for the command line, not for a restore file';

// biome-ignore format: a table, one option a line
export const GENERAL_OPTIONS: readonly GeneralDeclaration[] = [
  { kind: 'general', name: 'set-counters', short: 'c', words: 2, summary: 'Packet and byte counters of the rule.' },
  { kind: 'general', name: 'ipv4', short: '4', words: 0, onlyFamily: 'ipv4', summary: 'The rule is for IPv4: ip6tables-restore skips it.' },
  { kind: 'general', name: 'ipv6', short: '6', words: 0, onlyFamily: 'ipv6', summary: 'The rule is for IPv6: iptables-restore skips it.' },
  { kind: 'general', name: 'verbose', short: 'v', words: 0, summary: 'Prints the rule while loading it.' },
  { kind: 'general', name: 'modprobe', short: 'M', words: 1, summary: 'The command that loads kernel modules.' },
  { kind: 'general', name: 'table', short: 't', words: 1, summary: 'The table.', refused: 'the table is named by the *TABLE line above' },
  { kind: 'general', name: 'wait', short: 'w', words: 0, optionalWord: true, summary: 'Waits for the lock.', refused: FOR_THE_COMMAND_LINE },
  { kind: 'general', name: 'wait-interval', short: 'W', words: 1, summary: 'How often to try the lock.', refused: FOR_THE_COMMAND_LINE },
  { kind: 'general', name: 'numeric', short: 'n', words: 0, summary: 'Prints numbers.', refused: FOR_LISTING },
  { kind: 'general', name: 'exact', short: 'x', words: 0, summary: 'Prints exact counters.', refused: FOR_LISTING },
  { kind: 'general', name: 'line-numbers', words: 0, summary: 'Prints line numbers.', refused: FOR_LISTING },
  { kind: 'general', name: 'help', short: 'h', words: 0, summary: 'Prints help.', stops: true, discouraged: 'iptables-restore prints its help and stops reading the file here' },
  { kind: 'general', name: 'version', short: 'V', words: 0, summary: 'Prints the version.', stops: true, discouraged: 'iptables-restore prints its version and stops reading the file here' },
];

// biome-ignore format: a table, one option a line
export const LOADERS: readonly LoaderDeclaration[] = [
  { kind: 'match', short: 'm', long: 'match', summary: 'Loads a match, whose options may follow.' },
  { kind: 'jump', short: 'j', long: 'jump', summary: 'What happens to a packet that matches: a target, or a chain to walk through.' },
  { kind: 'goto', short: 'g', long: 'goto', summary: 'Continues in a chain, without coming back here.' },
];
