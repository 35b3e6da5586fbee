/** What the panel asks for: packets run through a ruleset as the editor has it, and what it takes to show them. */
import type { Chain, Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import { simulate as runPackets } from '../../../src-sim/sim/simulator';
import type { Result } from '../../../src-sim/sim/trace';
import { blocksOf, linesOf } from '../analysis/blocks';
import { allProblems } from '../analysis/check';
import type { Document } from '../analysis/document';
import { type Hints, readHints } from '../analysis/hints';
import { lower } from '../analysis/lower';
import { ruleStart } from '../analysis/rule-text';
import { suggestHost } from '../analysis/suggest-host';
import type {
  OutlineChain,
  OutlineCondition,
  OutlineRule,
  OutlineTable,
  SimulateAnswer,
  SimulateParams,
} from '../lsp/protocol';
import type { Command, CommandLine, Tree } from '../syntax/tree';
import { suggestPackets } from './suggest-packets';

/** @param version the document's, as the editor counts */
export function simulate(
  document: Document,
  params: Pick<SimulateParams, 'host' | 'packets' | 'chain' | 'assume'>,
  version: number,
  hints: Hints = readHints(document),
): SimulateAnswer {
  const ruleset = lower(document.tree);
  const suggestion = suggestPackets(ruleset, params.host ?? suggestHost(ruleset, hints), hints, params.chain);
  const host = params.host ?? suggestion.host;
  const packets = params.packets ?? suggestion.packets.slice(0, 1);
  return {
    version,
    family: ruleset.family === 'ipv4' ? 4 : 6,
    host,
    packets,
    suggested: suggestion.packets,
    result: simulateOr(document, () => runPackets(ruleset, { host, packets, assume: params.assume ?? {} })),
    outline: outlineOf(document.tree, ruleset),
  };
}

/** A ruleset that would not load is simulated all the same, without what is wrong in it; the answer says so. */
function simulateOr(document: Document, run: () => Result): Result {
  const refused = allProblems(document).find(({ severity }) => severity === 'error');
  const load = refused
    ? { ok: false, error: `${refused.line + 1}:${refused.span.start + 1}: ${refused.message}` }
    : { ok: true, error: '' };
  try {
    return { ...run(), load };
  } catch (failure) {
    return {
      load: { ok: false, error: failure instanceof Error ? failure.message : String(failure) },
      packets: [],
      counters: {},
    };
  }
}

function outlineOf(tree: Tree, ruleset: Ruleset): readonly OutlineTable[] {
  const lines = chainLines(tree);
  return ruleset.tables.map(({ name, chains }) => ({
    name,
    chains: chains.map((chain) => outlineChain(tree, chain, lines.get(`${name} ${chain.name}`))),
  }));
}

const MAKES_CHAIN: ReadonlySet<Command> = new Set(['new-chain', 'policy']);

/** `filter INPUT` → the line that declares it. */
function chainLines(tree: Tree): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const block of blocksOf(tree).blocks) {
    for (const number of linesOf(block)) {
      const line = tree.lines[number];
      const name = line?.kind === 'chain' ? line.name : undefined;
      const made = line?.kind === 'command' && MAKES_CHAIN.has(line.command) ? line.chain : undefined;
      const word = name ?? made;
      if (word) found.set(`${block.table} ${word.value}`, number);
    }
  }
  return found;
}

function outlineChain(tree: Tree, { name, policy, rules }: Chain, line: number | undefined): OutlineChain {
  return {
    name,
    ...(policy === undefined ? {} : { policy }),
    ...(line === undefined ? {} : { line }),
    rules: rules.map((rule) => outlineRule(tree, rule)),
  };
}

function outlineRule(tree: Tree, { line: number }: Rule): OutlineRule {
  const line = tree.lines[number];
  if (line?.kind !== 'command') return { line: number, text: '', conditions: [] };
  const start = ruleStart(line);
  return { line: number, text: line.text.slice(start).trimEnd(), conditions: conditionsOf(line, start) };
}

function conditionsOf(line: CommandLine, start: number): readonly OutlineCondition[] {
  return line.parts.flatMap((part) => {
    if (part.kind !== 'option') return [];
    const from = (part.bang ?? part.flag).span.start;
    const to = (part.words.at(-1) ?? part.flag).span.end;
    return [{ option: part.option, start: from - start, end: to - start }];
  });
}
