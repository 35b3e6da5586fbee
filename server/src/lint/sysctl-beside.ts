/** Settings of the kernel that are known: from a sysctl.conf beside the ruleset, and from the hints about the host. */
import type { LintContext } from './define';

export type Sysctls = ReadonlyMap<string, string>;

/** By dotted names; the last line that sets one counts, as for sysctl(8). */
export function sysctlsOf({ beside, hints }: Pick<LintContext, 'beside' | 'hints'>): Sysctls {
  const values = new Map<string, string>();
  for (const line of (beside.sysctl ?? '').split(/\r?\n/)) {
    const [, name, value] = /^\s*-?([\w./*-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(dotted(name), value);
  }
  for (const [name, value] of Object.entries(hints.host.sysctl ?? {})) values.set(name, String(value));
  return values;
}

/** A setting that is a number; undefined where nobody says. */
export function numberOf(sysctls: Sysctls, name: string): number | undefined {
  const text = sysctls.get(name);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** `net/ipv4/ip_forward` is another way to write it; where the first separator is a `/`, dots are part of a name. */
function dotted(name: string): string {
  const slash = name.indexOf('/');
  const dot = name.indexOf('.');
  const isPath = slash !== -1 && (dot === -1 || slash < dot);
  return isPath ? name.replace(/[./]/g, (one) => (one === '/' ? '.' : '/')) : name;
}
