/** One table of a restore file as iptables-save would print it, with the file's own comments and blank lines. */
import { TABLE_HOOKS } from '../../../src-sim/netfilter/hook';
import type { Chain, Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import { printRule } from '../../../src-sim/xt/print-rule';
import type { ChainLine, Line, Tree } from '../syntax/tree';
import type { Block } from './blocks';
import { lower } from './lower';

/** The lines from `start` to `end` are replaced by `text`. */
export interface LineEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A block by itself: another of the same table neither adds to it nor takes from it. */
export interface BlockToFormat {
  /** Number of the block's first line. */
  readonly offset: number;
  readonly lines: readonly Line[];
  /** Its rules name lines counted from the block's first. */
  readonly ruleset: Ruleset;
}

export function blockToFormat({ family, lines, chainsElsewhere }: Tree, block: Block): BlockToFormat {
  const own = lines.slice(block.start, block.end);
  return {
    offset: block.start,
    lines: own,
    ruleset: lower({ family, lines: own, ...(chainsElsewhere && { chainsElsewhere }) }),
  };
}

/**
 * @param complete whether built-in chains that the block does not declare are declared, as iptables-save does
 * @returns an edit for every line; for the block as a whole where its commands do more than append
 */
export function formatBlock({ offset, lines, ruleset }: BlockToFormat, complete: boolean): readonly LineEdit[] {
  const printed = printedBlock(ruleset, lines, complete);
  return lines.every(standsForItself) && !declaresTwice(lines)
    ? lines.map((line, at) => ({
        start: offset + at,
        end: offset + at + 1,
        text: lineText(line, at, printed),
      }))
    : [{ start: offset, end: offset + lines.length, text: wholeText(lines, printed) }];
}

/** Whether the line's image in what is saved is a line of its own, whatever the other lines do. */
function standsForItself(line: Line): boolean {
  return line.kind !== 'command' || line.command === 'append';
}

/** iptables-nft empties a chain that is declared again. */
function declaresTwice(lines: readonly Line[]): boolean {
  const names = lines.flatMap((line) => (line.kind === 'chain' && line.name ? [line.name.value] : []));
  return new Set(names).size < names.length;
}

interface Printed {
  readonly ruleset: Ruleset;
  readonly chains: ReadonlyMap<string, Chain>;
  /** Built-in chains to declare behind the table's line. */
  readonly undeclared: readonly Chain[];
  readonly rulesOfLine: ReadonlyMap<number, readonly string[]>;
}

function printedBlock(ruleset: Ruleset, lines: readonly Line[], complete: boolean): Printed {
  const [table] = ruleset.tables;
  const chains = table?.chains ?? [];
  const byName = new Map(chains.map((chain) => [chain.name, chain]));
  const declared = new Set(lines.map((line) => (line.kind === 'chain' ? line.name?.value : undefined)));
  const builtins: readonly string[] = table && complete ? TABLE_HOOKS[table.name] : [];
  const undeclared = chains.filter(({ name, policy }) => policy && builtins.includes(name) && !declared.has(name));
  const rulesOfLine = new Map<number, string[]>();
  for (const chain of chains) {
    for (const rule of chain.rules) {
      const texts = rulesOfLine.get(rule.line) ?? [];
      texts.push(ruleText(chain, rule, lines[rule.line], ruleset));
      rulesOfLine.set(rule.line, texts);
    }
  }
  return { ruleset, chains: byName, undeclared, rulesOfLine };
}

function lineText(line: Line, number: number, printed: Printed): string {
  switch (line.kind) {
    case 'table':
      return [`*${line.name?.value}\n`, ...printed.undeclared.map(chainText)].join('');
    case 'chain':
      return declarationText(line, printed);
    case 'command':
      return (printed.rulesOfLine.get(number) ?? []).join('');
    case 'commit':
      return 'COMMIT\n';
    default:
      return line.text;
  }
}

function declarationText(line: ChainLine, { chains }: Printed): string {
  const chain = chains.get(line.name?.value ?? '');
  return chain === undefined ? '' : chainText(chain);
}

/** Only a built-in chain counts, and has a policy. */
function chainText({ name, policy, counters: { packets, bytes } }: Chain): string {
  return policy === undefined ? `:${name} - [0:0]\n` : `:${name} ${policy} [${packets}:${bytes}]\n`;
}

function ruleText(chain: Chain, rule: Rule, line: Line | undefined, { family }: Ruleset): string {
  const { packets, bytes } = rule.counters;
  const counted = line?.kind === 'command' && line.counters !== undefined;
  const body = [`-A ${chain.name}`, printRule(rule, family)].filter((part) => part !== '').join(' ');
  return counted ? `[${packets}:${bytes}] ${body}\n` : `${body}\n`;
}

/** Chains first, then the rules of one after the other; a comment goes before what it stood before. */
function wholeText(lines: readonly Line[], printed: Printed): string {
  const remarks = remarksOf(lines);
  const takeRemarks = (number: number): string => {
    const text = remarks.get(number) ?? '';
    remarks.delete(number);
    return text;
  };
  const parts = [takeRemarks(0), `*${printed.ruleset.tables[0]?.name}\n`];
  for (const chain of printed.chains.values()) {
    const declaration = lines.findIndex((line) => makes(line, chain.name));
    if (chain.policy && declaration === -1 && !printed.undeclared.includes(chain)) continue;
    parts.push(takeRemarks(declaration), chainText(chain));
  }
  for (const chain of printed.chains.values()) {
    for (const rule of chain.rules) {
      parts.push(takeRemarks(rule.line), ruleText(chain, rule, lines[rule.line], printed.ruleset));
    }
  }
  const commit = lines.findIndex((line) => line.kind === 'commit');
  const rest = [...remarks].filter(([number]) => number < commit).map(([, text]) => text);
  return [...parts, ...rest, takeRemarks(commit), 'COMMIT\n'].join('');
}

/** Comments and blank lines, by the line that they stand before. */
function remarksOf(lines: readonly Line[]): Map<number, string> {
  const remarks = new Map<number, string>();
  let pending = '';
  for (const [number, line] of lines.entries()) {
    if (line.kind === 'comment' || line.kind === 'blank') {
      pending += line.text;
    } else if (pending !== '') {
      remarks.set(number, pending);
      pending = '';
    }
  }
  return remarks;
}

/** Whether the line declares the chain, or gives it its policy. */
function makes(line: Line, chain: string): boolean {
  if (line.kind === 'chain') return line.name?.value === chain;
  const declares = line.kind === 'command' && (line.command === 'new-chain' || line.command === 'policy');
  return declares && line.chain?.value === chain;
}
