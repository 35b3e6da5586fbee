/** What a chain may be called. @see iptables: iptables/xshared.c:assert_valid_chain_name */
import { isOpaque } from './opaque';
import { problem } from './problem';
import { exceedsBytes } from './token';
import type { Problem, Word } from './tree';

/** @kernel include/uapi/linux/netfilter/x_tables.h:XT_EXTENSION_MAXNAMELEN, less the closing zero */
export const MAX_CHAIN_NAME_BYTES = 28;

export function chainNameProblems(name: Word | undefined): readonly Problem[] {
  if (name === undefined || isOpaque(name) || !exceedsBytes(name.value, MAX_CHAIN_NAME_BYTES)) return [];
  return [problem(name.span, 'name-too-long', `a chain name has at most ${MAX_CHAIN_NAME_BYTES} characters`)];
}
