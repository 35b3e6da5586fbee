/** A rule as `ebtables-save` prints it: the words behind `-A CHAIN`. */
import type { Given, GivenOptions } from '../netfilter/ruleset';
import type { OptionDeclaration } from '../xt/define';
import type { BridgeExtension } from './define';
import { findBridgeMatch, findBridgeTarget, findBridgeWatcher } from './registry';
import type { BridgeRule, BridgeTarget, BridgeUse } from './ruleset';

export function printBridgeRule({ matches, watchers, target }: BridgeRule): string {
  return [
    ...matches.flatMap((use) => useWords(findBridgeMatch(use.name), use)),
    ...watchers.flatMap((use) => useWords(findBridgeWatcher(use.name), use)),
    '-j',
    ...targetWords(target),
  ].join(' ');
}

function targetWords(target: BridgeTarget): readonly string[] {
  if (target.kind === 'verdict') return [target.verdict];
  if (target.kind === 'jump') return [target.chain];
  return [target.name, ...useWords(findBridgeTarget(target.name), target)];
}

function useWords(extension: BridgeExtension | undefined, { options }: BridgeUse): readonly string[] {
  if (extension === undefined) return [];
  const canonical: GivenOptions = extension.canonical?.(options) ?? options;
  return Object.entries(extension.options).flatMap(([name, declaration]) => {
    const given = canonical[name];
    return given === undefined ? [] : optionWords(name, declaration, given);
  });
}

/** `!` stands behind the option. */
function optionWords(name: string, { type, short }: OptionDeclaration, { value, inverted }: Given): readonly string[] {
  if (type.omitted?.(value, inverted)) return [];
  return [short === undefined ? `--${name}` : `-${short}`, ...(inverted ? ['!'] : []), ...type.print(value)];
}
