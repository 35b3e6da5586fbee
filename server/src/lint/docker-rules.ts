/** A ruleset as Docker leaves it once a container publishes a port: its own rules come before those of the ruleset. */
import type { Chain, Ruleset, Table } from '../../../src-sim/netfilter/ruleset';
import { createDocument } from '../analysis/document';
import { lower } from '../analysis/lower';

export const CONTAINER = '172.17.0.2';
/** The bridge, as Docker sets it up. */
export const DOCKER_BRIDGE = { docker0: { addresses: ['172.17.0.1/16'] } } as const;

/**
 * What is evaluated before the rules of a person, as Docker's documentation has it ("Packet filtering and firewalls"):
 * DOCKER-USER, and then the acceptance of what was translated.
 */
const DOCKER = (protocol: string, port: number) => `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p ${protocol} -m ${protocol} --dport ${port} -j DNAT --to-destination ${CONTAINER}:${port}
COMMIT
*filter
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 -j ACCEPT
-A DOCKER -d ${CONTAINER}/32 ! -i docker0 -o docker0 -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT
COMMIT
`;

export function withDocker(ruleset: Ruleset, protocol: string, port: number): Ruleset {
  const added = lower(createDocument(DOCKER(protocol, port), { family: 'ipv4' }).tree);
  const names = [...new Set([...ruleset.tables, ...added.tables].map(({ name }) => name))];
  return { ...ruleset, tables: names.map((name) => joined(tableOf(added, name), tableOf(ruleset, name))) };
}

function tableOf({ tables }: Ruleset, name: Table['name']): Table {
  return tables.find((table) => table.name === name) ?? { name, chains: [] };
}

/** Rules of `first` before those of `then`, whose policies count. */
function joined(first: Table, then: Table): Table {
  const chains = new Map<string, Chain>(first.chains.map((chain) => [chain.name, chain]));
  for (const chain of then.chains) {
    const before = chains.get(chain.name);
    chains.set(chain.name, before ? { ...chain, rules: [...before.rules, ...chain.rules] } : chain);
  }
  // Built-in chains stand first.
  const all = [...chains.values()];
  const isBuiltin = ({ policy }: Chain) => policy !== undefined;
  return { name: first.name, chains: [...all.filter(isBuiltin), ...all.filter((chain) => !isBuiltin(chain))] };
}
