/** The examples of the declarations, as files that can be loaded. */
import type { Family } from '../../src-sim/net/address';
import { HOOKS, type Hook, TABLE_HOOKS, type TableName } from '../../src-sim/netfilter/hook';
import type { Example, Extension } from '../../src-sim/xt/define';

export interface ExamplePlace {
  readonly table: TableName;
  readonly chain: Hook;
}

/** The chain of a router that people think of first, of those at which the rule may stand. */
const PREFERRED: readonly Hook[] = ['FORWARD', 'INPUT', 'PREROUTING', 'OUTPUT', 'POSTROUTING'];

export function placeOf(extension: Extension, rule: string): ExamplePlace {
  const table =
    extension.tables === undefined || extension.tables.includes('filter')
      ? 'filter'
      : (extension.tables[0] ?? 'filter');
  const allowed = [extension.hooks ?? HOOKS, ...optionHooks(extension, rule)];
  const chain = PREFERRED.find(
    (hook) => TABLE_HOOKS[table].includes(hook) && allowed.every((hooks) => hooks.includes(hook)),
  );
  if (chain === undefined) throw new Error(`no place for ${rule}`);
  return { table, chain };
}

function optionHooks(extension: Extension, rule: string): readonly (readonly Hook[])[] {
  return Object.entries(extension.options).flatMap(([name, { hooks, short }]) => {
    const given = rule.includes(`--${name}`) || (short !== undefined && ` ${rule}`.includes(` -${short} `));
    return hooks !== undefined && given ? [hooks] : [];
  });
}

/** Of an extension that both families have, an example is IPv6 where it writes an IPv6 address. */
export function familyOfExample({ families }: Extension, example: Example): Family {
  if (families.length === 1) return families[0] ?? 'ipv4';
  return example.rule.includes('::') ? 'ipv6' : 'ipv4';
}

export function restoreFile({ table, chain }: ExamplePlace, rule: string): string {
  return `*${table}\n-A ${chain} ${rule}\nCOMMIT\n`;
}
