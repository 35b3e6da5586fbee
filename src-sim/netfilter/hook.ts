/**
 * Who runs where, and in what order: the five hooks of IPv4 and IPv6 and what is registered at each, by priority.
 * There is one loop over this table, no function per hook.
 *
 * @kernel include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities
 */

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';

export const HOOKS: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

export const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security'];

export type HookFunction =
  | { readonly kind: 'defragmentation' | 'conntrack' | 'confirm' | 'ipvs-in' | 'ipvs-error' | 'ipvs-out' }
  | { readonly kind: 'table'; readonly table: Exclude<TableName, 'nat'> }
  /** The nat table is consulted inside NAT, and only for a flow that has no binding yet. */
  | { readonly kind: 'nat'; readonly manip: 'src' | 'dst' };

export interface HookEntry {
  readonly hook: Hook;
  readonly priority: number;
  readonly run: HookFunction;
}

const LAST = 2 ** 31 - 1;

const table = (name: Exclude<TableName, 'nat'>): HookFunction => ({ kind: 'table', table: name });
const run = (kind: Exclude<HookFunction['kind'], 'table' | 'nat'>): HookFunction => ({ kind });
const nat = (manip: 'src' | 'dst'): HookFunction => ({ kind: 'nat', manip });
const at = (hook: Hook, priority: number, what: HookFunction): HookEntry => ({ hook, priority, run: what });

/** In the order in which they run. */
// biome-ignore format: a table, aligned
export const HOOK_ENTRIES: readonly HookEntry[] = [
  at('PREROUTING',  -400, run('defragmentation')),
  at('PREROUTING',  -300, table('raw')),
  at('PREROUTING',  -200, run('conntrack')),
  at('PREROUTING',  -150, table('mangle')),
  at('PREROUTING',  -100, nat('dst')),
  at('INPUT',       -150, table('mangle')),
  at('INPUT',          0, table('filter')),
  at('INPUT',         50, table('security')),
  at('INPUT',         98, run('ipvs-out')),
  at('INPUT',         99, run('ipvs-in')),
  at('INPUT',        100, nat('src')),
  at('INPUT',       LAST, run('confirm')),
  at('FORWARD',     -150, table('mangle')),
  at('FORWARD',        0, table('filter')),
  at('FORWARD',       50, table('security')),
  at('FORWARD',       99, run('ipvs-error')),
  at('FORWARD',      100, run('ipvs-out')),
  at('OUTPUT',      -400, run('defragmentation')),
  at('OUTPUT',      -300, table('raw')),
  at('OUTPUT',      -200, run('conntrack')),
  at('OUTPUT',      -150, table('mangle')),
  at('OUTPUT',      -100, nat('dst')),
  at('OUTPUT',       -99, run('ipvs-out')),
  at('OUTPUT',       -98, run('ipvs-in')),
  at('OUTPUT',         0, table('filter')),
  at('OUTPUT',        50, table('security')),
  at('POSTROUTING', -150, table('mangle')),
  at('POSTROUTING',  100, nat('src')),
  at('POSTROUTING', LAST, run('confirm')),
];

/** Where a bridge calls netfilter, before and around IP. BROUTING is a chain of its own at the bridge's PREROUTING. */
export type BridgeHook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** Built-in chains of ebtables. */
export type BridgeChainName = BridgeHook | 'BROUTING';

export type BridgeTableName = 'broute' | 'nat' | 'filter';

export const BRIDGE_TABLES: readonly BridgeTableName[] = ['broute', 'nat', 'filter'];

export type BridgeHookFunction =
  | { readonly kind: 'bridge-table'; readonly table: BridgeTableName; readonly chain: BridgeChainName }
  /** br_netfilter hands the frame to the IP chains of the same hook. */
  | { readonly kind: 'ip-chains' }
  | { readonly kind: 'bridge-confirm' };

/** Whose tables: those of the kernel's own ebtables, or those that ebtables-nft makes of nf_tables. */
export type BridgeVariant = 'legacy' | 'nft';

export interface BridgeHookEntry {
  readonly hook: BridgeHook;
  readonly priority: number;
  readonly run: BridgeHookFunction;
  /** Absent: both have it there. */
  readonly variant?: BridgeVariant;
}

const FIRST = -(2 ** 31);

function onBridge(
  hook: BridgeHook,
  priority: number,
  what: BridgeTableName | BridgeHookFunction,
  variant?: BridgeVariant,
): BridgeHookEntry {
  const only = variant === undefined ? {} : { variant };
  if (typeof what !== 'string') return { hook, priority, run: what, ...only };
  const chain = what === 'broute' ? 'BROUTING' : hook;
  return { hook, priority, run: { kind: 'bridge-table', table: what, chain }, ...only };
}

const IP_CHAINS: BridgeHookFunction = { kind: 'ip-chains' };

/**
 * In the order in which they run. The IP chains of a frame for the host itself ran at PREROUTING; those of INPUT come
 * later, in the IP stack.
 *
 * @kernel include/uapi/linux/netfilter_bridge.h:nf_br_hook_priorities, net/bridge/br_netfilter_hooks.c:br_nf_ops
 * @see iptables/nft.c: xtables_bridge
 */
// biome-ignore format: a table, aligned
export const BRIDGE_HOOK_ENTRIES: readonly BridgeHookEntry[] = [
  onBridge('PREROUTING',  FIRST, 'broute'),
  onBridge('PREROUTING',   -300, 'nat'),
  onBridge('PREROUTING',      0, IP_CHAINS),
  onBridge('INPUT',        -200, 'filter'),
  onBridge('INPUT',        LAST, { kind: 'bridge-confirm' }),
  onBridge('FORWARD',      -200, 'filter'),
  onBridge('FORWARD',         0, IP_CHAINS),
  onBridge('OUTPUT',       -200, 'filter', 'nft'),
  onBridge('OUTPUT',        100, 'nat'),
  onBridge('OUTPUT',        200, 'filter', 'legacy'),
  onBridge('POSTROUTING',   300, 'nat'),
  onBridge('POSTROUTING',  LAST, IP_CHAINS),
];

export function isBridgeHook(name: string): name is BridgeHook {
  return BRIDGE_HOOK_ENTRIES.some(({ hook }) => hook === name);
}

export function bridgeHookEntries(hook: BridgeHook, variant: BridgeVariant): readonly BridgeHookEntry[] {
  return BRIDGE_HOOK_ENTRIES.filter((entry) => entry.hook === hook && (entry.variant ?? variant) === variant);
}

/** The built-in chains of a table of ebtables, in the frame's order. */
export function bridgeChains(table: BridgeTableName): readonly BridgeChainName[] {
  const chains = BRIDGE_HOOK_ENTRIES.flatMap(({ run }) =>
    run.kind === 'bridge-table' && run.table === table ? [run.chain] : [],
  );
  return [...new Set(chains)];
}

const ENTRIES_AT = new Map(HOOKS.map((hook) => [hook, HOOK_ENTRIES.filter((entry) => entry.hook === hook)]));

export function hookEntries(hook: Hook): readonly HookEntry[] {
  return ENTRIES_AT.get(hook) ?? [];
}

/** The hooks at which a table has a built-in chain, in the packet's order. */
export const TABLE_HOOKS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: hooksWhere((what) => what.kind === 'table' && what.table === 'raw'),
  mangle: hooksWhere((what) => what.kind === 'table' && what.table === 'mangle'),
  nat: hooksWhere((what) => what.kind === 'nat'),
  filter: hooksWhere((what) => what.kind === 'table' && what.table === 'filter'),
  security: hooksWhere((what) => what.kind === 'table' && what.table === 'security'),
};

function hooksWhere(registered: (what: HookFunction) => boolean): readonly Hook[] {
  return HOOKS.filter((hook) => HOOK_ENTRIES.some((entry) => entry.hook === hook && registered(entry.run)));
}

export function isHook(name: string): name is Hook {
  return (HOOKS as readonly string[]).includes(name);
}

export function isTableName(name: string): name is TableName {
  return (TABLES as readonly string[]).includes(name);
}
