/**
 * Tree → Ruleset: runs a restore file's commands in their order, as iptables-restore does, and gives what the kernel
 * would hold then. Lenient where a file is wrong, so that a file being written can be simulated too: check.ts is who
 * says what iptables would refuse.
 *
 * @see iptables: iptables/iptables-restore.c:ip46tables_restore_main
 */
import type { Family } from '../../../src-sim/net/address';
import { isTableName, TABLE_HOOKS, type TableName } from '../../../src-sim/netfilter/hook';
import {
  type Chain,
  type Counters,
  NO_COUNTERS,
  type Policy,
  type Rule,
  type Ruleset,
} from '../../../src-sim/netfilter/ruleset';
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import type { ChainLine, CommandLine, Tree } from '../syntax/tree';
import { isForOtherFamily, lowerRules, sameRule } from './lower-rule';

interface ChainState {
  name: string;
  policy: Policy | undefined;
  counters: Counters;
  rules: Rule[];
}

interface TableState {
  readonly name: TableName;
  readonly family: Family;
  readonly chains: Map<string, ChainState>;
  /** Every chain that the block declares, wherever: a jump to one that comes later is still a jump. */
  readonly declared: ReadonlySet<string>;
}

export function lower(tree: Tree): Ruleset {
  const tables = new Map<string, TableState>();
  let current: TableState | undefined;
  for (const [number, line] of tree.lines.entries()) {
    if (line.kind === 'table') {
      current = openTable(tree, number, tables.get(line.name?.value ?? ''));
      if (current) tables.set(current.name, current);
    } else if (line.kind === 'commit') {
      current = undefined;
    } else if (line.kind === 'chain' && current) {
      declareChain(current, line);
    } else if (line.kind === 'command' && current && !isForOtherFamily(line, tree.family)) {
      runCommand(current, line, number);
    }
  }
  return {
    family: tree.family,
    tables: [...tables.values()].map(({ name, chains }) => ({ name, chains: finished(chains) })),
  };
}

/** A second block of a table replaces the first; a policy that it does not name stays. */
function openTable(tree: Tree, lineNumber: number, earlier: TableState | undefined): TableState | undefined {
  const line = tree.lines[lineNumber];
  const name = line?.kind === 'table' ? line.name?.value : undefined;
  if (name === undefined || !isTableName(name)) return undefined;
  const chains = new Map<string, ChainState>();
  for (const hook of TABLE_HOOKS[name]) {
    chains.set(hook, { ...newChain(hook), policy: earlier?.chains.get(hook)?.policy ?? 'ACCEPT' });
  }
  return { name, family: tree.family, chains, declared: declaredChains(tree, lineNumber) };
}

function declaredChains(tree: Tree, tableLine: number): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = tableLine + 1; at < tree.lines.length; at++) {
    const line = tree.lines[at];
    if (line?.kind === 'table' || line?.kind === 'commit') break;
    if (line?.kind === 'chain' && line.name) names.add(line.name.value);
    if (line?.kind === 'command' && line.command === 'new-chain' && line.chain) names.add(line.chain.value);
  }
  return names;
}

function newChain(name: string): ChainState {
  return { name, policy: undefined, counters: NO_COUNTERS, rules: [] };
}

function finished(chains: ReadonlyMap<string, ChainState>): readonly Chain[] {
  return [...chains.values()].map(({ policy, ...chain }) => ({ ...chain, ...(policy && { policy }) }));
}

function declareChain(table: TableState, line: ChainLine): void {
  if (line.name === undefined) return;
  const chain = chainNamed(table, line.name.value);
  if (chain.policy === undefined) return;
  chain.policy = policyNamed(line.policy?.value) ?? chain.policy;
  if (line.counters) chain.counters = { packets: line.counters.packets, bytes: line.counters.bytes };
}

function policyNamed(name: string | undefined): Policy | undefined {
  return name === 'ACCEPT' || name === 'DROP' ? name : undefined;
}

/** The chain, made where it is missing. */
function chainNamed(table: TableState, name: string): ChainState {
  const known = table.chains.get(name);
  if (known) return known;
  const chain = newChain(name);
  table.chains.set(name, chain);
  return chain;
}

function runCommand(table: TableState, line: CommandLine, lineNumber: number): void {
  const name = line.chain?.value;
  switch (line.command) {
    case 'append':
    case 'insert':
    case 'delete':
    case 'replace':
      if (name !== undefined) changeRules(table, chainNamed(table, name), line, lineNumber);
      break;
    case 'new-chain':
      if (name !== undefined) chainNamed(table, name);
      break;
    case 'policy':
      if (name !== undefined) setPolicy(table, name, line);
      break;
    case 'rename-chain':
      if (name !== undefined && line.argument) renameChain(table, name, line.argument.value);
      break;
    case 'flush':
      for (const chain of selected(table, name)) chain.rules = [];
      break;
    case 'zero':
      for (const chain of selected(table, name)) zeroCounters(chain, line);
      break;
    case 'delete-chain':
      for (const chain of selected(table, name)) if (chain.policy === undefined) table.chains.delete(chain.name);
      break;
    case 'check':
    case 'list':
  }
}

function selected(table: TableState, name: string | undefined): readonly ChainState[] {
  if (name === undefined) return [...table.chains.values()];
  const chain = table.chains.get(name);
  return chain ? [chain] : [];
}

function changeRules(table: TableState, chain: ChainState, line: CommandLine, lineNumber: number): void {
  const index = (parseUnsigned(line.position?.value ?? '1') ?? 1) - 1;
  if (line.command === 'delete' && line.position) {
    chain.rules.splice(index, 1);
    return;
  }
  const isChain = (name: string) => table.chains.has(name) || table.declared.has(name);
  const rules = lowerRules(line, { lineNumber, isChain });
  if (line.command === 'append') {
    for (const rule of rules) chain.rules.push(rule);
  } else if (line.command === 'replace') {
    chain.rules.splice(index, 1, ...rules);
  } else if (line.command === 'insert') {
    // One after the other at the same place, so that the last of them comes to stand first.
    for (const rule of rules) chain.rules.splice(index, 0, rule);
  } else {
    for (const rule of rules) deleteFirst(chain, rule);
  }
}

function deleteFirst(chain: ChainState, rule: Rule): void {
  const index = chain.rules.findIndex((candidate) => sameRule(candidate, rule));
  if (index !== -1) chain.rules.splice(index, 1);
}

function setPolicy(table: TableState, name: string, line: CommandLine): void {
  const chain = table.chains.get(name);
  if (chain?.policy) chain.policy = policyNamed(line.argument?.value) ?? chain.policy;
}

function zeroCounters(chain: ChainState, line: CommandLine): void {
  const only = line.position && parseUnsigned(line.position.value);
  if (only === undefined) chain.counters = NO_COUNTERS;
  chain.rules = chain.rules.map((rule, index) =>
    only === undefined || only === index + 1 ? { ...rule, counters: NO_COUNTERS } : rule,
  );
}

function renameChain(table: TableState, name: string, newName: string): void {
  const chain = table.chains.get(name);
  if (chain === undefined || chain.policy !== undefined) return;
  table.chains.delete(name);
  table.chains.set(newName, { ...chain, name: newName });
  for (const other of table.chains.values()) {
    other.rules = other.rules.map((rule) =>
      rule.target.kind !== 'none' && rule.target.kind !== 'target' && rule.target.chain === name
        ? { ...rule, target: { ...rule.target, chain: newName } }
        : rule,
    );
  }
}
