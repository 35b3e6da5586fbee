/** A hash table whose chains are links in rows of numbers; within each chain the newest stands first. */
import type { EntryColumns } from './columns';

/** What stands in a chain, as a number: a row, or a row and more. 0 is nobody. */
export type Node = number;

/** A power of two. */
const FIRST_CHAINS = 64;
/** To find every node its chain anew costs more than chains that are empty. */
const GROWTH = 8;

export class Chains {
  #heads = new Int32Array(FIRST_CHAINS);
  #size = 0;

  /**
   * @param hashOf the hash of a node's key, as it stands in its row
   * @param linkOf which word holds the link to the node behind it
   */
  constructor(
    readonly columns: EntryColumns,
    readonly hashOf: (node: Node) => number,
    readonly linkOf: (node: Node) => number,
  ) {}

  first(hash: number): Node {
    return this.#heads[hash & (this.#heads.length - 1)] ?? 0;
  }

  add(node: Node): void {
    this.#size += 1;
    if (this.#size > this.#heads.length) this.#grow();
    this.#link(node);
  }

  delete(node: Node): void {
    this.#size -= 1;
    const { words } = this.columns;
    const behind = words[this.linkOf(node)] ?? 0;
    const chain = this.#chainOf(node);
    let other = this.#heads[chain] ?? 0;
    if (other === node) this.#heads[chain] = behind;
    while (other !== 0 && other !== node) {
      const link = this.linkOf(other);
      other = words[link] ?? 0;
      if (other === node) words[link] = behind;
    }
  }

  #chainOf(node: Node): number {
    return this.hashOf(node) & (this.#heads.length - 1);
  }

  #link(node: Node): void {
    const chain = this.#chainOf(node);
    this.columns.words[this.linkOf(node)] = this.#heads[chain] ?? 0;
    this.#heads[chain] = node;
  }

  #grow(): void {
    const before = this.#heads;
    this.#heads = new Int32Array(GROWTH * before.length);
    const oldest: Node[] = [];
    for (const head of before) {
      for (let node = head; node !== 0; node = this.columns.words[this.linkOf(node)] ?? 0) oldest.push(node);
      for (let node = oldest.pop(); node !== undefined; node = oldest.pop()) this.#link(node);
    }
  }
}

export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
