/** `:NAME - [0:0]`, as iptables-save declares a chain of one's own: the line holds its name, the rest follows from it. */
import type { ChainLine, CountersNode, Problem, Word } from '../syntax/tree';
import { isPlainName } from './plain-name';

const NO_PROBLEMS: readonly Problem[] = [];

const BEHIND_NAME = ' - [0:0]\n';
/** Of what stands behind the name. */
const POLICY_AT = 1;
const COUNTERS_AT = 3;
const COUNTERS_LENGTH = 5;

export class KnownChain implements ChainLine {
  readonly text: string;
  readonly chainName: string;

  private constructor(text: string, chainName: string) {
    this.text = text;
    this.chainName = chainName;
  }

  /** Undefined where the line is another, or there may be something to say about it. */
  static of(text: string): KnownChain | undefined {
    if (!text.startsWith(':') || !text.endsWith(BEHIND_NAME)) return undefined;
    const name = text.slice(1, -BEHIND_NAME.length);
    return isPlainName(name) ? new KnownChain(text, name) : undefined;
  }

  get kind() {
    return 'chain' as const;
  }

  get problems(): readonly Problem[] {
    return NO_PROBLEMS;
  }

  get name(): Word {
    return { span: { start: 1, end: this.#nameEnd }, value: this.chainName };
  }

  get policy(): Word {
    const start = this.#nameEnd + POLICY_AT;
    return { span: { start, end: start + 1 }, value: '-' };
  }

  get counters(): CountersNode {
    const start = this.#nameEnd + COUNTERS_AT;
    return { span: { start, end: start + COUNTERS_LENGTH }, packets: 0, bytes: 0 };
  }

  get #nameEnd(): number {
    return 1 + this.chainName.length;
  }
}
