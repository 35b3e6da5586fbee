/** Where tables and chains are in a packet's way, told in words from the one table of hooks. */
import {
  HOOKS,
  type Hook,
  type HookEntry,
  type HookFunction,
  hookEntries,
  TABLE_HOOKS,
  type TableName,
} from '../../../src-sim/netfilter/hook';
import { bullets, code } from './markdown';

const HOOK_PLACES: Readonly<Record<Hook, string>> = {
  PREROUTING: 'every packet that comes in, before the host decides where it goes',
  INPUT: 'packets for this host itself, after routing',
  FORWARD: 'packets that only pass through, after routing',
  OUTPUT: 'packets that a process of this host sends',
  POSTROUTING: 'every packet that is about to leave, forwarded or from this host',
};

const TABLE_PURPOSES: Readonly<Record<TableName, string>> = {
  raw:
    'Comes before conntrack. It is for packets that conntrack shall not see (`-j CT --notrack`), or shall see ' +
    'otherwise (zones, helpers). States cannot be matched here: no packet has one yet.',
  mangle: 'Alters packets and their marks. A mark set in PREROUTING can steer the routing decision.',
  nat:
    'Decides how addresses are rewritten. It sees only the first packet of a flow; conntrack repeats the decision ' +
    'for all the others, and translates the answers back. Packets that are INVALID or UNTRACKED never come here.',
  filter: 'Decides what may pass. This is the place to accept and to drop.',
  security: 'Sets the marks of mandatory access control (SELinux), after `filter` has let a packet pass.',
};

export function tablePurpose(table: TableName): string {
  return TABLE_PURPOSES[table];
}

export function hookPlace(hook: Hook): string {
  return HOOK_PLACES[hook];
}

/** `raw → conntrack → **mangle** → …`: who sees a packet at a hook, in order; `here` is set in bold. */
export function hookOrder(hook: Hook, here: (run: HookFunction) => boolean): string {
  return hookEntries(hook)
    .filter(({ run }) => isWorthTelling(run) || here(run))
    .map((entry) => (here(entry.run) ? `**${functionName(entry)}**` : functionName(entry)))
    .join(' → ');
}

/** Every chain of a table, with the hook's order around it. */
export function tableWay(table: TableName): string {
  const here = (run: HookFunction) => isOfTable(run, table);
  return bullets(TABLE_HOOKS[table].map((hook) => `${code(hook)}, ${hookPlace(hook)}: ${hookOrder(hook, here)}`));
}

/** Where conntrack looks at packets; for the hovers of the states. */
export function conntrackWay(): string {
  const hooks = HOOKS.filter((hook) => hookEntries(hook).some(({ run }) => run.kind === 'conntrack'));
  return bullets(hooks.map((hook) => `${code(hook)}: ${hookOrder(hook, (run) => run.kind === 'conntrack')}`));
}

export function isOfTable(run: HookFunction, table: TableName): boolean {
  return table === 'nat' ? run.kind === 'nat' : run.kind === 'table' && run.table === table;
}

/** IPVS and the reassembly of fragments are there on few hosts, and would hide the order that matters. */
function isWorthTelling({ kind }: HookFunction): boolean {
  return kind === 'table' || kind === 'nat' || kind === 'conntrack' || kind === 'confirm';
}

function functionName({ run }: HookEntry): string {
  switch (run.kind) {
    case 'table':
      return run.table;
    case 'nat':
      return run.manip === 'dst' ? 'nat (destination)' : 'nat (source)';
    case 'confirm':
      return 'conntrack confirms';
    default:
      return run.kind;
  }
}
