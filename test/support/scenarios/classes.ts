/** The classes of random scenarios by which agreement with a kernel is measured. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import { bridges, ebtables, ebtablesLegacy } from './bridges';
import { fragments } from './fragments';
import { ipv6Headers } from './ipv6-headers';
import { ipvs, ipvsInIpv6, ipvsRoundRobin } from './ipvs';
import { natMappings } from './nat';
import { protocols } from './protocols';
import { routes } from './routes';
import { tcpWindows } from './tcp-windows';

export const SCENARIO_CLASSES: Readonly<Record<string, (seed: number) => Scenario>> = {
  'tcp-windows': tcpWindows,
  protocols,
  routes,
  fragments,
  'nat-mappings': natMappings,
  bridges,
  ebtables,
  'ebtables-legacy': ebtablesLegacy,
  'ipv6-headers': ipv6Headers,
};

/** Those that need a kernel with IPVS. */
export const DIRECTOR_CLASSES: Readonly<Record<string, (seed: number) => Scenario>> = {
  ipvs,
  'ipvs-rr': ipvsRoundRobin,
  ipvs6: ipvsInIpv6,
};
