/** A chain by its name, without looking through the thousands that programs make. */
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Chain, Ruleset, Table } from '../../../src-sim/netfilter/ruleset';

const known = new WeakMap<Table['chains'], ReadonlyMap<string, Chain>>();

export function findChain(ruleset: Ruleset, table: TableName, name: string): Chain | undefined {
  const found = ruleset.tables.find((one) => one.name === table);
  return found && chainIn(found, name);
}

export function chainIn({ chains }: Pick<Table, 'chains'>, name: string): Chain | undefined {
  const byName = known.get(chains) ?? new Map(chains.map((chain) => [chain.name, chain]));
  known.set(chains, byName);
  return byName.get(name);
}
