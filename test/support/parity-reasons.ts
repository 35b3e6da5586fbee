/** Why Chainwalk answers otherwise than iptables where it does: each reason, and the differences that it explains. */

import { blocksOf } from '../../server/src/analysis/blocks';
import { createDocument } from '../../server/src/analysis/document';
import type { Difference } from './parity';

export interface Reason {
  readonly text: string;
  explains(difference: Difference): boolean;
}

const hasProblem = (difference: Difference, code: string) => difference.problems.some((one) => one.code === code);

/** Differences that are meant, or that nobody could decide from the text alone. */
export const REASONS: readonly Reason[] = [
  {
    text: 'A host name: the machine that loads the file looks it up. `check` warns, `fmt` leaves the file alone.',
    explains: (one) => hasProblem(one, 'host-name'),
  },
  {
    text: 'An ipset that is not there: the machine that loads the file has it, or has it not.',
    explains: (one) => one.aspect === 'verdict' && /Set \S+ doesn't exist/.test(one.detail),
  },
  {
    text: 'What the machine that loads the file has or has not: LED in its kernel, SELinux for SECMARK, an object of nfacct.',
    explains: ({ aspect, detail, recorded }) =>
      aspect === 'verdict' && /^refused/.test(detail) && /-j (LED|SECMARK)|-m nfacct/.test(recorded.text),
  },
  {
    text: 'An extension of xtables-addons, or one that is not declared yet: `check` says so and does not refuse it, `fmt` leaves the file alone.',
    explains: (one) => hasProblem(one, 'unknown-extension'),
  },
  {
    text: 'A table twice in a file: iptables-save shows what the second left. Both are kept, since with `--noflush` both count.',
    explains: ({ aspect, recorded }) => {
      const tables = blocksOf(createDocument(recorded.text).tree).blocks.map(({ table }) => table);
      return aspect === 'text' && new Set(tables).size < tables.length;
    },
  },
  {
    text: 'iptables-nft-save leaves out a table without rules and chains; the file keeps it, since it empties the table.',
    explains: (one) => one.aspect === 'text' && one.variant === 'nft' && /^saved \[("")?\]; we \["\*/.test(one.detail),
  },
  {
    text: "A quote that is never closed takes the line's end into the word, and what iptables-save prints cannot be loaded: `fmt` leaves the file alone.",
    explains: (one) => one.aspect === 'text' && hasProblem(one, 'open-quote'),
  },
  {
    text: 'A line for the other family (`-6` in a file for iptables) is skipped when loading: `fmt` would lose it, and leaves the file alone.',
    explains: (one) => one.aspect === 'text' && /for the other family/.test(one.detail),
  },
  {
    text: 'Two `-m tcp` in a rule: iptables-nft-save 1.8.9 prints the second alone, which is not what the kernel holds.',
    explains: (one) => one.aspect === 'text' && one.variant === 'nft' && /-m tcp.* -m tcp/.test(one.recorded.text),
  },
];
