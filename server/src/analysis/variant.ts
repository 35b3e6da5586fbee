/** The two programs called iptables: they share a language, and differ in what they refuse of it. */
import type { Problem } from '../syntax/tree';

export const VARIANTS = ['legacy', 'nft'] as const;

export type Variant = (typeof VARIANTS)[number];

/** What distributions install as `iptables`. */
export const USUAL_VARIANT: Variant = 'nft';

/** Whether iptables-restore of this variant stops at the problem. */
export function refuses(variant: Variant, { severity, refusedBy }: Problem): boolean {
  return refusedBy === undefined ? severity === 'error' : refusedBy === variant;
}

/** Names the variant where the two differ, and the message has not said so. */
export function problemText({ message, refusedBy }: Pick<Problem, 'message' | 'refusedBy'>): string {
  if (refusedBy === undefined || message.includes(`iptables-${refusedBy}`)) return message;
  return `${message} (iptables-${refusedBy} refuses it, iptables-${refusedBy === 'nft' ? 'legacy' : 'nft'} does not)`;
}
