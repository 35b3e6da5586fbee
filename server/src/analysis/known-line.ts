/**
 * A line whose shape is known: it holds its text, its shape and the names in it, and is read by the parser only when
 * somebody asks for more. It costs a tenth of what a line does that has been read.
 */
import { parseLine } from '../syntax/parse';
import type { CommandLine, CountersNode, Problem, RulePart, Word } from '../syntax/tree';
import type { RuleShape } from './rule-shape';

const NO_PROBLEMS: readonly Problem[] = [];

export interface KnownNames {
  readonly chain: string | undefined;
  readonly chainStart: number;
  readonly target: string | undefined;
  readonly targetStart: number;
}

export class KnownLine implements CommandLine {
  readonly text: string;
  readonly shape: RuleShape;
  readonly chainName: string;
  /** Of the target, where there is one. */
  readonly targetName: string | undefined;
  readonly #chainStart: number;
  readonly #targetStart: number;
  #read: CommandLine | undefined;

  /** @param names those that fill holes of the shape, and where the line has them */
  constructor(text: string, shape: RuleShape, names: KnownNames) {
    this.text = text;
    this.shape = shape;
    this.chainName = names.chain ?? shape.chain;
    this.targetName = names.target ?? shape.target;
    this.#chainStart = names.chainStart;
    this.#targetStart = names.targetStart;
    this.#read = undefined;
  }

  get kind() {
    return 'command' as const;
  }

  get command() {
    return 'append' as const;
  }

  get problems(): readonly Problem[] {
    return NO_PROBLEMS;
  }

  get position(): undefined {
    return undefined;
  }

  get argument(): undefined {
    return undefined;
  }

  get chain(): Word {
    return wordAt(this.#chainStart, this.chainName);
  }

  /** What stands behind `-j` or `-g`. */
  get target(): Word | undefined {
    return this.targetName === undefined ? undefined : wordAt(this.#targetStart, this.targetName);
  }

  get counters(): CountersNode | undefined {
    return this.text.startsWith('[') ? this.#node().counters : undefined;
  }

  get flag(): Word {
    return this.#node().flag;
  }

  get parts(): readonly RulePart[] {
    return this.#node().parts;
  }

  /** All of the line, for one look: the line itself stays as small as it is. */
  read(): CommandLine {
    const line = this.#read ?? parseLine(this.text, this.shape.family);
    if (line.kind !== 'command') throw new Error('a line of a known shape is a command');
    return line;
  }

  #node(): CommandLine {
    this.#read ??= this.read();
    return this.#read;
  }
}

function wordAt(start: number, value: string): Word {
  return { span: { start, end: start + value.length }, value };
}
