/** What the lines of a block do to its table, and what iptables-restore refuses of them. */
import { NO_COUNTERS, type Policy } from '../../../src-sim/netfilter/ruleset';
import { parseUnsigned } from '../../../src-sim/xt/value-types';
import { isOpaque } from '../syntax/opaque';
import type { ChainLine, Command, CommandLine, Word } from '../syntax/tree';
import { changeRules } from './rule-commands';
import { type ChainState, chainNamed, existingChain, newChain, refuse, refuseBy, type TableState } from './table-state';

/** Names that a chain cannot have, since a rule's verdict is written so. @see iptables: libiptc/libiptc.c */
const VERDICTS = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN'];

export function isVerdict(name: string): boolean {
  return VERDICTS.includes(name);
}

/** `:CHAIN POLICY [packets:bytes]` */
export function declareChain(table: TableState, line: ChainLine, number: number): void {
  const { name, policy, counters } = line;
  if (name === undefined || isOpaque(name)) return;
  const builtin = table.chains.get(name.value);
  if (builtin?.policy === undefined) {
    declareUserChain(table, name, policy, number);
    return;
  }
  if (policy && policy.value !== '-') builtin.policy = policyNamed(table, policy, number) ?? builtin.policy;
  if (counters) builtin.counters = { packets: counters.packets, bytes: counters.bytes };
}

function declareUserChain(table: TableState, name: Word, policy: Word | undefined, line: number): void {
  if (VERDICTS.includes(name.value)) {
    refuse(table, line, name, 'bad-chain-name', `"${name.value}" is a verdict: no chain can be called so`);
    return;
  }
  if (chainNamed(table, name.value)) {
    const message = `chain "${name.value}" is made twice: iptables-legacy refuses it, iptables-nft empties the chain`;
    refuseBy(table, line, name, { code: 'chain-exists', message, refusedBy: 'legacy' });
  } else if (/^[!-]/.test(name.value)) {
    const message = `iptables-nft refuses a chain name that begins with "${name.value.charAt(0)}"`;
    refuseBy(table, line, name, { code: 'bad-chain-name', message, refusedBy: 'nft' });
  }
  if (policy && policy.value !== '-') {
    const message = `only a built-in chain has a policy, and "${name.value}" is none of table ${table.name}`;
    refuseBy(table, line, policy, { code: 'bad-policy', message, refusedBy: 'legacy' });
  }
  const early = table.chains.get(name.value);
  // What was appended too early is kept, so that what jumps to it can be followed; what iptables-nft empties is empty.
  table.chains.set(name.value, { ...newChain(name.value), rules: early?.missing ? early.rules : [] });
}

function policyNamed(table: TableState, word: Word, line: number): Policy | undefined {
  if (word.value === 'ACCEPT' || word.value === 'DROP') return word.value;
  refuse(table, line, word, 'bad-policy', `a policy is ACCEPT or DROP, not "${word.value}"`);
  return undefined;
}

/** What adds to a table; what takes something from it is done only where it is sure to be run. */
const ADDING: ReadonlySet<Command> = new Set(['append', 'insert', 'new-chain']);

export function runCommand(table: TableState, line: CommandLine, number: number): void {
  const { chain } = line;
  if (line.unsure !== undefined && !ADDING.has(line.command)) return;
  switch (line.command) {
    case 'append':
    case 'insert':
    case 'delete':
    case 'replace':
    case 'check':
      changeRules(table, line, number);
      break;
    case 'new-chain':
      if (chain) makeChain(table, chain, number);
      break;
    case 'policy':
      if (chain && line.argument) setPolicy(table, chain, line.argument, number);
      break;
    case 'rename-chain':
      if (chain && line.argument) renameChain(table, chain, line.argument, number);
      break;
    case 'delete-chain':
      deleteChains(table, line, number);
      break;
    case 'flush':
      for (const state of selected(table, chain, number)) state.rules = [];
      break;
    case 'zero':
      for (const state of selected(table, chain, number)) zeroCounters(table, state, line, number);
      break;
    case 'list':
      selected(table, chain, number);
  }
}

/** The chain named, or all of them. */
function selected(table: TableState, name: Word | undefined, line: number): readonly ChainState[] {
  if (name === undefined) return [...table.chains.values()];
  const chain = existingChain(table, name, line);
  return chain ? [chain] : [];
}

function makeChain(table: TableState, name: Word, line: number): void {
  if (isOpaque(name)) return;
  if (VERDICTS.includes(name.value)) {
    refuse(table, line, name, 'bad-chain-name', `"${name.value}" is a verdict: no chain can be called so`);
  } else if (chainNamed(table, name.value)) {
    refuse(table, line, name, 'chain-exists', `chain "${name.value}" is there already`);
  } else {
    if (/^[!-]/.test(name.value)) {
      refuse(table, line, name, 'bad-chain-name', `a chain name may not begin with "${name.value.charAt(0)}"`);
    }
    table.chains.set(name.value, newChain(name.value));
  }
}

function setPolicy(table: TableState, name: Word, policy: Word, line: number): void {
  const chain = existingChain(table, name, line);
  if (chain === undefined) return;
  if (chain.policy === undefined) {
    refuse(table, line, name, 'bad-policy', `only a built-in chain has a policy, and "${name.value}" is none`);
  } else if (table.name === 'nat' && policy.value === 'DROP') {
    refuse(table, line, policy, 'bad-policy', 'table nat is not for filtering: iptables refuses DROP here');
  } else {
    chain.policy = policyNamed(table, policy, line) ?? chain.policy;
  }
}

function zeroCounters(table: TableState, chain: ChainState, line: CommandLine, number: number): void {
  const only = line.position && parseUnsigned(line.position.value);
  if (only === undefined) chain.counters = NO_COUNTERS;
  if (line.position && only !== undefined && only > chain.rules.length) {
    refuse(table, number, line.position, 'no-such-rule', `chain "${chain.name}" has ${chain.rules.length} rules`);
  } else if (line.position) {
    const message = 'iptables-nft-restore 1.8 crashes here: it cannot set the counters of a rule of the same file';
    refuseBy(table, number, line.position, { code: 'nft-bug', message, refusedBy: 'nft' });
  }
  chain.rules = chain.rules.map((rule, index) =>
    only === undefined || only === index + 1 ? { ...rule, zeroed: true } : rule,
  );
}

function deleteChains(table: TableState, line: CommandLine, number: number): void {
  const chains = selected(table, line.chain, number);
  for (const chain of line.chain ? chains : chains.filter(({ policy }) => policy === undefined)) {
    const why = whyNotDeleted(table, chain);
    if (why === undefined) {
      table.chains.delete(chain.name);
    } else {
      refuse(table, number, line.chain ?? line.flag, 'chain-in-use', why);
      return;
    }
  }
}

function whyNotDeleted(table: TableState, chain: ChainState): string | undefined {
  if (chain.policy !== undefined) return `"${chain.name}" is a built-in chain`;
  if (chain.rules.length > 0) return `chain "${chain.name}" still has rules`;
  return jumpsTo(table, chain.name) ? `a rule still jumps to chain "${chain.name}"` : undefined;
}

function jumpsTo(table: TableState, name: string): boolean {
  return [...table.chains.values()].some((chain) => chain.rules.some(({ leadsTo }) => leadsTo === name));
}

function renameChain(table: TableState, name: Word, newName: Word, line: number): void {
  const chain = existingChain(table, name, line);
  if (chain === undefined) return;
  if (chain.policy !== undefined || table.chains.has(newName.value)) {
    const why =
      chain.policy === undefined ? `chain "${newName.value}" is there already` : `"${chain.name}" is built in`;
    refuse(table, line, newName, 'chain-exists', why);
    return;
  }
  const message = 'iptables-nft-restore 1.8 cannot rename a chain that the same file makes';
  refuseBy(table, line, name, { code: 'nft-bug', message, refusedBy: 'nft' });
  table.chains.delete(name.value);
  table.chains.set(newName.value, { ...chain, name: newName.value });
  for (const other of table.chains.values()) {
    other.rules = other.rules.map((rule) => (rule.leadsTo === name.value ? { ...rule, leadsTo: newName.value } : rule));
  }
}
