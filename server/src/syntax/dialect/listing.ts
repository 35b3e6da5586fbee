/** What `iptables -S` prints: the commands that would make a table again, without its name. */
import type { Family } from '../../../../src-sim/net/address';
import { TABLE_HOOKS, TABLES, type TableName } from '../../../../src-sim/netfilter/hook';
import { parseLine, splitLines } from '../parse';
import type { CommandLine, Line, Tree } from '../tree';
import { type DressedText, lineStartsOf } from './dialect';

export function readListing(text: string, family: Family): DressedText {
  const lines = splitLines(text).map((line) => parseLine(line, family, true));
  const tree: Tree = { family, lines, dress: 'listing', ...(isWhole(lines) ? {} : { chainsElsewhere: 'any' }) };
  return { trees: [tree], starts: lineStartsOf(lines) };
}

/**
 * Whether a text is a listing: `iptables -S` begins with policies or a chain that is made, and nothing in it is a restore
 * file's. A rule alone is no listing: that is a restore file without its frame.
 */
export function isListing(text: string): boolean {
  return /^(?:#.*\r?\n|\r?\n)*-[PN] \S/.test(text) && !/^(?:[*:]|COMMIT\b)/m.test(text);
}

/** `iptables -S CHAIN` prints one chain: the others are there, and not here. */
function isWhole(lines: readonly Line[]): boolean {
  const policies = lines.filter((line): line is CommandLine => line.kind === 'command' && line.command === 'policy');
  const chains = new Set(policies.map(({ chain }) => chain?.value));
  return TABLES.some((table: TableName) => TABLE_HOOKS[table].every((hook) => chains.has(hook)));
}
