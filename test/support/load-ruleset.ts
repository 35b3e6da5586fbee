/** Really loads rulesets, in a network namespace of their own: as root, where iptables is installed. */
import { spawnSync } from 'node:child_process';
import type { Variant } from '../../server/src/analysis/variant';
import type { Family } from '../../src-sim/net/address';
import { iptablesLegacyRestore, iptablesNftRestore, unshare } from './root-tools';

/** What a kernel was not built with it refuses, whatever the rule. */
const NOT_BUILT = /missing kernel module/;

export const canLoad = unshare !== undefined && iptablesLegacyRestore !== undefined && iptablesNftRestore !== undefined;

export interface LoadOptions {
  readonly variant: Variant;
  readonly family: Family;
  /** What `ipset save` prints; the sets are there before the rules are loaded. */
  readonly ipsets: string;
}

/** What iptables-restore says; undefined where it accepts the ruleset. */
export function loadError(text: string, { variant, family, ipsets }: LoadOptions): string | undefined {
  const program = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}-restore`;
  const script = `printf %s "$SETS" | ipset restore && exec ${program}`;
  const words = ipsets === '' ? [program] : ['sh', '-c', script];
  const { status, stderr } = spawnSync(unshare ?? '', ['--net', ...words], {
    input: text,
    encoding: 'utf8',
    env: { ...process.env, SETS: ipsets },
  });
  return status === 0 || NOT_BUILT.test(stderr) ? undefined : stderr.trim();
}
