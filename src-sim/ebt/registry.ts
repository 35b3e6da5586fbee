/** Every extension of ebtables, in one ordered list. */
import { ieee8023 } from './802-3';
import { among } from './among';
import { arp } from './arp';
import { arpreply } from './arpreply';
import { builtin } from './builtin';
import type { BridgeExtension, BridgeMatch, BridgeTargetExtension, BridgeWatcher } from './define';
import { dnat } from './dnat';
import { ip } from './ip';
import { ip6 } from './ip6';
import { limit } from './limit';
import { log } from './log';
import { markMatch, markTarget } from './mark';
import { nflog } from './nflog';
import { pkttype } from './pkttype';
import { redirect } from './redirect';
import { snat } from './snat';
import { stp } from './stp';
import { vlan } from './vlan';

export const BRIDGE_MATCHES: readonly BridgeMatch[] = [
  builtin,
  ieee8023,
  among,
  arp,
  ip,
  ip6,
  limit,
  markMatch,
  pkttype,
  stp,
  vlan,
];

export const BRIDGE_WATCHERS: readonly BridgeWatcher[] = [log, nflog];

export const BRIDGE_TARGETS: readonly BridgeTargetExtension[] = [arpreply, dnat, markTarget, redirect, snat];

export const BRIDGE_EXTENSIONS: readonly BridgeExtension[] = [...BRIDGE_MATCHES, ...BRIDGE_WATCHERS, ...BRIDGE_TARGETS];

const MATCH_BY_NAME = new Map(BRIDGE_MATCHES.map((one) => [one.name, one]));
const WATCHER_BY_NAME = new Map(BRIDGE_WATCHERS.map((one) => [one.name, one]));
const TARGET_BY_NAME = new Map(BRIDGE_TARGETS.map((one) => [one.name, one]));

export function findBridgeMatch(name: string): BridgeMatch | undefined {
  return MATCH_BY_NAME.get(name);
}

export function findBridgeWatcher(name: string): BridgeWatcher | undefined {
  return WATCHER_BY_NAME.get(name);
}

export function findBridgeTarget(name: string): BridgeTargetExtension | undefined {
  return TARGET_BY_NAME.get(name);
}
