/** Every lint rule there is, in one ordered list: the order of the documents and of the settings. */

import type { LintRule } from './define';
import { acceptAllDefeatsPolicy } from './rules/accept-all-defeats-policy';
import { acceptNotFinal } from './rules/accept-not-final';
import { addressList } from './rules/address-list';
import { anyAddress } from './rules/any-address';
import { asymmetricNeedsStateless } from './rules/asymmetric-needs-stateless';
import { backendMixed } from './rules/backend-mixed';
import { beLiberal } from './rules/be-liberal';
import { bridgePortAsIface } from './rules/bridge-port-as-iface';
import { broadcastReplyNew } from './rules/broadcast-reply-new';
import { builtinDeclaredTwice } from './rules/builtin-declared-twice';
import { builtinUndeclared } from './rules/builtin-undeclared';
import { chainEmpty } from './rules/chain-empty';
import { chainUnreferenced } from './rules/chain-unreferenced';
import { cidrHostBits } from './rules/cidr-host-bits';
import { commandInRestore } from './rules/command-in-restore';
import { commentTooLong } from './rules/comment-too-long';
import { connmarkRestoreClobbers } from './rules/connmark-restore-clobbers';
import { connmarkSaveBeforeMark } from './rules/connmark-save-before-mark';
import { conntrackSizing } from './rules/conntrack-sizing';
import { conntrackSysctlLegacy } from './rules/conntrack-sysctl-legacy';
import { countersNeedC } from './rules/counters-need-c';
import { ctMatchInRaw } from './rules/ct-match-in-raw';
import { ctZoneOneSide } from './rules/ct-zone-one-side';
import { ctstateContradiction } from './rules/ctstate-contradiction';
import { ctstateInNat } from './rules/ctstate-in-nat';
import { ctstateNoFilter } from './rules/ctstate-no-filter';
import { dnatCatchesTransit } from './rules/dnat-catches-transit';
import { dnatLocalClientsMissed } from './rules/dnat-local-clients-missed';
import { dnatNotForwarded } from './rules/dnat-not-forwarded';
import { dnatToLoopback } from './rules/dnat-to-loopback';
import { dockerBypassesInput } from './rules/docker-bypasses-input';
import { dockerUserAfterReturn } from './rules/docker-user-after-return';
import { dockerUserPublishedPort } from './rules/docker-user-published-port';
import { establishedAcceptLate } from './rules/established-accept-late';
import { establishedBehindLvsDr } from './rules/established-behind-lvs-dr';
import { establishedTimeout } from './rules/established-timeout';
import { establishedWithoutRelated } from './rules/established-without-related';
import { filterMatchesPostSnat } from './rules/filter-matches-post-snat';
import { filterMatchesPreNat } from './rules/filter-matches-pre-nat';
import { forwardDisabled } from './rules/forward-disabled';
import { forwardDropHitsBridge } from './rules/forward-drop-hits-bridge';
import { fragmentMatchDead } from './rules/fragment-match-dead';
import { fragmentWithPorts } from './rules/fragment-with-ports';
import { gotoReturnsToPolicy } from './rules/goto-returns-to-policy';
import { hairpinMissing } from './rules/hairpin-missing';
import { hashlimitNoMode } from './rules/hashlimit-no-mode';
import { hashlimitSharedName } from './rules/hashlimit-shared-name';
import { helperNotAssigned } from './rules/helper-not-assigned';
import { helperSysctlGone } from './rules/helper-sysctl-gone';
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
import { inputRuleBypassedByDnat } from './rules/input-rule-bypassed-by-dnat';
import { invalidAccepted } from './rules/invalid-accepted';
import { invalidRejected } from './rules/invalid-rejected';
import { ipsetFamily } from './rules/ipset-family';
import { ipsetMissing } from './rules/ipset-missing';
import { ipsetTooFewFlags } from './rules/ipset-too-few-flags';
import { limitBehindEstablished } from './rules/limit-behind-established';
import { limitDefault } from './rules/limit-default';
import { limitInverted } from './rules/limit-inverted';
import { limitRounding } from './rules/limit-rounding';
import { limitWithoutDrop } from './rules/limit-without-drop';
import { logAfterTerminal } from './rules/log-after-terminal';
import { logPrefixTooLong } from './rules/log-prefix-too-long';
import { logUnlimited } from './rules/log-unlimited';
import { loopbackByAddress } from './rules/loopback-by-address';
import { loopbackNotAccepted } from './rules/loopback-not-accepted';
import { lvsDrInvalidDrop } from './rules/lvs-dr-invalid-drop';
import { lvsNatNeedsVsConntrack } from './rules/lvs-nat-needs-vs-conntrack';
import { lvsVipFilteredInForward } from './rules/lvs-vip-filtered-in-forward';
import { macUseless } from './rules/mac-useless';
import { managedChainsPersisted } from './rules/managed-chains-persisted';
import { markImpossible } from './rules/mark-impossible';
import { markNeverSet } from './rules/mark-never-set';
import { markOrLogInNat } from './rules/mark-or-log-in-nat';
import { markTooLate } from './rules/mark-too-late';
import { maskNoncontiguous } from './rules/mask-noncontiguous';
import { masqueradeIpsec } from './rules/masquerade-ipsec';
import { masqueradeNotInLo } from './rules/masquerade-not-in-lo';
import { masqueradeWithoutOutInterface } from './rules/masquerade-without-out-interface';
import { mergeableRules } from './rules/mergeable-rules';
import { multiportPortsBoth } from './rules/multiport-ports-both';
import { natEditKeepsOldFlows } from './rules/nat-edit-keeps-old-flows';
import { natPolicyDrop } from './rules/nat-policy-drop';
import { natPortNeedsProto } from './rules/nat-port-needs-proto';
import { natRuleShadowed } from './rules/nat-rule-shadowed';
import { natWithoutInvalidDrop } from './rules/nat-without-invalid-drop';
import { ndpBlocked } from './rules/ndp-blocked';
import { ndpByState } from './rules/ndp-by-state';
import { negatedCtstateWide } from './rules/negated-ctstate-wide';
import { newWithoutEstablished } from './rules/new-without-established';
import { nfqueueNoBypass } from './rules/nfqueue-no-bypass';
import { noDefaultDeny } from './rules/no-default-deny';
import { notrackDisablesNat } from './rules/notrack-disables-nat';
import { notrackOneWay } from './rules/notrack-one-way';
import { notrackPmtuInvalid } from './rules/notrack-pmtu-invalid';
import { notrackWithoutConntrack } from './rules/notrack-without-conntrack';
import { notrackWithoutUntracked } from './rules/notrack-without-untracked';
import { outputDenyNoEstablished } from './rules/output-deny-no-established';
import { outputRelatedNeededByReject } from './rules/output-related-needed-by-reject';
import { ownerOnlyAccept } from './rules/owner-only-accept';
import { partialRestoreRisk } from './rules/partial-restore-risk';
import { partialShadowConflict } from './rules/partial-shadow-conflict';
import { physdevNeedsBrNetfilter } from './rules/physdev-needs-br-netfilter';
import { physdevOutNotBridged } from './rules/physdev-out-not-bridged';
import { pmtuBlackhole } from './rules/pmtu-blackhole';
import { quotaResets } from './rules/quota-resets';
import { rangeReversedSilent } from './rules/range-reversed-silent';
import { recentCheckWithoutSet } from './rules/recent-check-without-set';
import { recentDefaultList } from './rules/recent-default-list';
import { recentForever } from './rules/recent-forever';
import { recentHitcount } from './rules/recent-hitcount';
import { redirectOutputLoop } from './rules/redirect-output-loop';
import { relatedTooWide } from './rules/related-too-wide';
import { restoreFlushesDocker } from './rules/restore-flushes-docker';
import { returnLast } from './rules/return-last';
import { rpFilterStrict } from './rules/rp-filter-strict';
import { ruleDuplicate } from './rules/rule-duplicate';
import { ruleNeverMatches } from './rules/rule-never-matches';
import { ruleNoTarget } from './rules/rule-no-target';
import { ruleRedundantWithPolicy } from './rules/rule-redundant-with-policy';
import { ruleShadowed } from './rules/rule-shadowed';
import { saveHidesNativeNft } from './rules/save-hides-native-nft';
import { saveRoundtrip } from './rules/save-roundtrip';
import { sensitivePortOpen } from './rules/sensitive-port-open';
import { setOldSyntax } from './rules/set-old-syntax';
import { sourcePortTrust } from './rules/source-port-trust';
import { sshLockout } from './rules/ssh-lockout';
import { stateModuleDeprecated } from './rules/state-module-deprecated';
import { suppressionWithoutReason } from './rules/suppression-without-reason';
import { synproxyIncomplete } from './rules/synproxy-incomplete';
import { tableTwice } from './rules/table-twice';
import { tcpFlagDropsRedundant } from './rules/tcp-flag-drops-redundant';
import { tcpNewWithoutSyn } from './rules/tcp-new-without-syn';
import { tcpmssAfterAccept } from './rules/tcpmss-after-accept';
import { tcpmssOneDirection } from './rules/tcpmss-one-direction';
import { tighteningKeepsFlows } from './rules/tightening-keeps-flows';
import { timeIsUtc } from './rules/time-is-utc';
import { tproxyIncomplete } from './rules/tproxy-incomplete';
import { tproxyInputPort } from './rules/tproxy-input-port';
import { traceLeftIn } from './rules/trace-left-in';
import { ufwBeside } from './rules/ufw-beside';
import { unknownSuppression } from './rules/unknown-suppression';
import { unreachableAfterTerminal } from './rules/unreachable-after-terminal';
import { unusedSuppression } from './rules/unused-suppression';
import { v6Gap } from './rules/v6-gap';
import { waitTcpmssTwo } from './rules/wait-tcpmss-two';

export const LINT_RULES: readonly LintRule[] = [
  newWithoutEstablished,
  establishedWithoutRelated,
  outputDenyNoEstablished,
  outputRelatedNeededByReject,
  invalidAccepted,
  invalidRejected,
  negatedCtstateWide,
  ctstateNoFilter,
  ctstateContradiction,
  tcpNewWithoutSyn,
  ctstateInNat,
  ctZoneOneSide,
  ownerOnlyAccept,
  broadcastReplyNew,
  tighteningKeepsFlows,
  natPolicyDrop,
  dnatNotForwarded,
  filterMatchesPreNat,
  filterMatchesPostSnat,
  inputRuleBypassedByDnat,
  masqueradeWithoutOutInterface,
  masqueradeNotInLo,
  dnatCatchesTransit,
  dnatToLoopback,
  dnatLocalClientsMissed,
  redirectOutputLoop,
  hairpinMissing,
  markOrLogInNat,
  masqueradeIpsec,
  natWithoutInvalidDrop,
  natRuleShadowed,
  natPortNeedsProto,
  natEditKeepsOldFlows,
  stateModuleDeprecated,
  notrackWithoutUntracked,
  notrackOneWay,
  notrackPmtuInvalid,
  notrackDisablesNat,
  notrackWithoutConntrack,
  establishedBehindLvsDr,
  lvsDrInvalidDrop,
  lvsVipFilteredInForward,
  lvsNatNeedsVsConntrack,
  asymmetricNeedsStateless,
  rpFilterStrict,
  helperNotAssigned,
  relatedTooWide,
  helperSysctlGone,
  ctMatchInRaw,
  sshLockout,
  loopbackNotAccepted,
  loopbackByAddress,
  unreachableAfterTerminal,
  ruleShadowed,
  partialShadowConflict,
  logAfterTerminal,
  ruleNeverMatches,
  acceptAllDefeatsPolicy,
  noDefaultDeny,
  sourcePortTrust,
  multiportPortsBoth,
  sensitivePortOpen,
  acceptNotFinal,
  gotoReturnsToPolicy,
  establishedAcceptLate,
  logUnlimited,
  ruleDuplicate,
  ruleRedundantWithPolicy,
  chainUnreferenced,
  chainEmpty,
  ruleNoTarget,
  returnLast,
  mergeableRules,
  v6Gap,
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
  limitInverted,
  limitWithoutDrop,
  limitBehindEstablished,
  limitDefault,
  limitRounding,
  hashlimitSharedName,
  hashlimitNoMode,
  recentCheckWithoutSet,
  recentHitcount,
  recentForever,
  recentDefaultList,
  waitTcpmssTwo,
  tcpmssOneDirection,
  tcpmssAfterAccept,
  synproxyIncomplete,
  tcpFlagDropsRedundant,
  managedChainsPersisted,
  restoreFlushesDocker,
  dockerBypassesInput,
  dockerUserAfterReturn,
  dockerUserPublishedPort,
  partialRestoreRisk,
  ipsetMissing,
  ipsetTooFewFlags,
  ipsetFamily,
  setOldSyntax,
  cidrHostBits,
  maskNoncontiguous,
  anyAddress,
  addressList,
  markImpossible,
  markTooLate,
  markNeverSet,
  connmarkSaveBeforeMark,
  connmarkRestoreClobbers,
  tproxyIncomplete,
  tproxyInputPort,
  nfqueueNoBypass,
  timeIsUtc,
  traceLeftIn,
  quotaResets,
  builtinUndeclared,
  tableTwice,
  builtinDeclaredTwice,
  commandInRestore,
  commentTooLong,
  logPrefixTooLong,
  rangeReversedSilent,
  countersNeedC,
  saveRoundtrip,
  backendMixed,
  saveHidesNativeNft,
  conntrackSizing,
  conntrackSysctlLegacy,
  establishedTimeout,
  forwardDisabled,
  beLiberal,
  ufwBeside,
];

const BY_CODE: ReadonlyMap<string, LintRule> = new Map(LINT_RULES.map((rule) => [rule.code, rule]));

export function findLintRule(code: string): LintRule | undefined {
  return BY_CODE.get(code);
}
