/**
 * Entries by their tuples, and by the source that NAT saw.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_hash, net/netfilter/nf_nat_core.c:nf_nat_bysource
 */
import { Chains, mix, type Node } from './chains';
import { type EntryColumns, IS_IPV6, PROTOCOL_BITS, ROW_WORDS, WORD } from './columns';
import type { Tuple } from './tuple';

const ANY_SIDE = -1;

/** A node here is a row and one of its tuples: `2 * row`, and one more for the reply tuple. */
export class TupleIndex {
  readonly #chains: Chains;

  constructor(readonly columns: EntryColumns) {
    const hashOf = (node: Node) => {
      const { words } = columns;
      const at = keyPlace(node);
      return hashOfKey(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0);
    };
    this.#chains = new Chains(columns, hashOf, linkPlace);
  }

  /**
   * The newest entry with the tuple; where both of its tuples are one, as of a socket that talks to itself, the reply.
   *
   * @param src, dst, ports, rest the tuple's key, as {@link WORD.original} has it
   * @param side 0 or 1: only among the entries' original tuples, or their reply tuples
   */
  find(src: number, dst: number, ports: number, rest: number, side = ANY_SIDE): Node {
    const { words } = this.columns;
    let node = this.#chains.first(hashOfKey(src, dst, ports, rest));
    while (node !== 0) {
      const at = keyPlace(node);
      const isIt = words[at] === src && words[at + 1] === dst && words[at + 2] === ports && words[at + 3] === rest;
      if (isIt && (side === ANY_SIDE || (node & 1) === side)) return node;
      node = words[linkPlace(node)] ?? 0;
    }
    return 0;
  }

  /** From now on an entry with one of its tuples that came before is found no more. */
  add(row: number): void {
    this.#chains.add(2 * row);
    this.#chains.add(2 * row + 1);
  }

  delete(row: number): void {
    this.#chains.delete(2 * row);
    this.#chains.delete(2 * row + 1);
  }
}

function keyPlace(node: Node): number {
  return (node >>> 1) * ROW_WORDS + WORD.original + 4 * (node & 1);
}

function linkPlace(node: Node): number {
  return (node >>> 1) * ROW_WORDS + WORD.nextByTuple + (node & 1);
}

function hashOfKey(src: number, dst: number, ports: number, rest: number): number {
  return mix(mix(mix(mix(0, src), dst), ports), rest);
}

export type Source = Pick<Tuple, 'protocol' | 'src' | 'sport'>;

export class SourceIndex {
  readonly #chains: Chains;

  constructor(readonly columns: EntryColumns) {
    const hashOf = (row: Node) => {
      const { words } = columns;
      const at = row * ROW_WORDS + WORD.original;
      return hashOfSource(words[at] ?? 0, (words[at + 2] ?? 0) >>> 16, (words[at + 3] ?? 0) & OF_SOURCE);
    };
    this.#chains = new Chains(columns, hashOf, sourceLink);
  }

  /** Rows of the entries whose first packet had this source, the newest first. */
  of({ protocol, src, sport }: Source): readonly number[] {
    const { words, addresses } = this.columns;
    const word = addresses.word(src);
    const rest = src.includes(':') ? protocol | IS_IPV6 : protocol;
    const found: number[] = [];
    let row = this.#chains.first(hashOfSource(word, sport, rest));
    for (; row !== 0; row = words[sourceLink(row)] ?? 0) {
      const at = row * ROW_WORDS + WORD.original;
      const hasPort = (words[at + 2] ?? 0) >>> 16 === sport;
      if (words[at] === word && hasPort && ((words[at + 3] ?? 0) & OF_SOURCE) === rest) found.push(row);
    }
    return found;
  }

  add(row: number): void {
    this.#chains.add(row);
  }

  delete(row: number): void {
    this.#chains.delete(row);
  }
}

/** Of a tuple's fourth word: in whatever zone. */
const OF_SOURCE = PROTOCOL_BITS | IS_IPV6;

function sourceLink(row: Node): number {
  return row * ROW_WORDS + WORD.nextBySource;
}

function hashOfSource(src: number, sport: number, rest: number): number {
  return mix(mix(0, src), (rest << 16) | sport);
}
