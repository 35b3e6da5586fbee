/** Every lint rule there is, in one ordered list: the order of the documents and of the settings. */
import type { LintRule } from './define';
import { bridgePortAsIface } from './rules/bridge-port-as-iface';
import { ctMatchInRaw } from './rules/ct-match-in-raw';
import { establishedBehindLvsDr } from './rules/established-behind-lvs-dr';
import { forwardDropHitsBridge } from './rules/forward-drop-hits-bridge';
import { fragmentMatchDead } from './rules/fragment-match-dead';
import { fragmentWithPorts } from './rules/fragment-with-ports';
import { icmpAllBlocked } from './rules/icmp-all-blocked';
import { icmpTypeAny } from './rules/icmp-type-any';
import { icmpWrongFamily } from './rules/icmp-wrong-family';
import { ifaceAlias } from './rules/iface-alias';
import { ifaceGlob } from './rules/iface-glob';
import { ifaceInnerPlus } from './rules/iface-inner-plus';
import { ifaceList } from './rules/iface-list';
import { ifaceNegatedAny } from './rules/iface-negated-any';
import { ifacePlusOvermatch } from './rules/iface-plus-overmatch';
import { ifaceWrongDirectionViaChain } from './rules/iface-wrong-direction-via-chain';
import { lvsDrInvalidDrop } from './rules/lvs-dr-invalid-drop';
import { macUseless } from './rules/mac-useless';
import { ndpBlocked } from './rules/ndp-blocked';
import { ndpByState } from './rules/ndp-by-state';
import { newWithoutEstablished } from './rules/new-without-established';
import { notrackOneWay } from './rules/notrack-one-way';
import { notrackWithoutUntracked } from './rules/notrack-without-untracked';
import { physdevNeedsBrNetfilter } from './rules/physdev-needs-br-netfilter';
import { physdevOutNotBridged } from './rules/physdev-out-not-bridged';
import { pmtuBlackhole } from './rules/pmtu-blackhole';
import { sshLockout } from './rules/ssh-lockout';
import { suppressionWithoutReason } from './rules/suppression-without-reason';
import { unknownSuppression } from './rules/unknown-suppression';
import { unusedSuppression } from './rules/unused-suppression';

export const LINT_RULES: readonly LintRule[] = [
  newWithoutEstablished,
  notrackWithoutUntracked,
  notrackOneWay,
  establishedBehindLvsDr,
  lvsDrInvalidDrop,
  ctMatchInRaw,
  sshLockout,
  unusedSuppression,
  unknownSuppression,
  suppressionWithoutReason,
  ifaceAlias,
  ifaceGlob,
  ifaceList,
  ifaceInnerPlus,
  ifacePlusOvermatch,
  ifaceNegatedAny,
  ifaceWrongDirectionViaChain,
  bridgePortAsIface,
  physdevOutNotBridged,
  physdevNeedsBrNetfilter,
  forwardDropHitsBridge,
  macUseless,
  icmpWrongFamily,
  icmpTypeAny,
  fragmentMatchDead,
  fragmentWithPorts,
  icmpAllBlocked,
  pmtuBlackhole,
  ndpBlocked,
  ndpByState,
];

const BY_CODE: ReadonlyMap<string, LintRule> = new Map(LINT_RULES.map((rule) => [rule.code, rule]));

export function findLintRule(code: string): LintRule | undefined {
  return BY_CODE.get(code);
}
