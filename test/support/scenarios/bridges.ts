/** A bridge between ports, with and without ebtables: switched, handed up, routed, answered, sent by the host. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { bridgedNetwork, bridgedPackets } from './bridge-network';
import { bridgedIpRules } from './bridge-rules';
import { Chance } from './chance';
import { ebtablesRules } from './ebtables-rules';

const PACKETS = 14;

export function bridges(seed: number): Scenario {
  return make('bridges', seed, undefined);
}

/** ebtables as every kernel has it: the tables `nat` and `filter`. */
export function ebtables(seed: number): Scenario {
  return make('ebtables', seed, undefined);
}

/** With `broute` and logical devices, which ebtables-legacy has. */
export function ebtablesLegacy(seed: number): Scenario {
  return make('ebtables-legacy', seed, '6.1');
}

function make(name: string, seed: number, kernel: string | undefined): Scenario {
  const chance = new Chance(`${name}/${seed}`);
  const family = chance.pick<4 | 6>([4, 4, 6]);
  const network = bridgedNetwork(chance, family, kernel);
  const rules = bridgedIpRules(chance, network);
  const isLegacy = kernel !== undefined;
  const host =
    name === 'bridges' ? network.host : { ...network.host, ebtables: ebtablesRules(chance, { network, isLegacy }) };
  return { name: `${name}/${seed}`, family, host, rules, packets: bridgedPackets(chance, network, PACKETS) };
}
