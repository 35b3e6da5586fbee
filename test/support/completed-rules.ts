/** Rules with what completion offers at a place of theirs, written out. */
import { createDocument } from '../../server/src/analysis/document';
import { type Completion, complete } from '../../server/src/features/completion';
import type { Family } from '../../src-sim/net/address';
import { EXTENSIONS } from '../../src-sim/xt/registry';
import { type PlacedRule, restoreFile } from './rule-mutations';

export interface CompletedRule {
  readonly rule: PlacedRule;
  /** What was offered, and where: `target DROP at -m limit -j`. */
  readonly how: string;
  /** A value that was not offered stands in it, as an example of what may. */
  readonly hasExample: boolean;
}

/** The word before which the cursor stands is replaced; what belongs to it goes with it. */
export function completedRules(rule: PlacedRule): readonly CompletedRule[] {
  const places = [...rule.words.keys(), rule.words.length];
  return places.flatMap((at) => itemsAt(rule, at).flatMap((item) => completed(rule, at, item)));
}

function itemsAt(rule: PlacedRule, at: number): readonly Completion[] {
  const before = { ...rule, words: rule.words.slice(0, at) };
  const text = restoreFile(before);
  // The rule stands in the line before COMMIT, and a blank wants another word.
  const end = text.lastIndexOf('\nCOMMIT');
  const open = `${text.slice(0, end)} ${text.slice(end)}`;
  return complete(createDocument(open, { family: rule.family }), end + 1)?.items ?? [];
}

function completed(rule: PlacedRule, at: number, item: Completion): readonly CompletedRule[] {
  const { words } = rule;
  const before = words.slice(0, at);
  const written = (item.text ?? item.label).split(' ');
  const how = `${item.kind} ${item.label} at "${before.slice(-2).join(' ')}"`;
  const make = (own: readonly string[], rest: readonly string[]): CompletedRule => {
    const hasExample = own.length > written.length;
    return { rule: { ...rule, words: [...before, ...own, ...rest] }, how, hasExample };
  };
  switch (item.kind) {
    case 'value':
      // What comes behind `-p` is for the protocol that stood there.
      return [make(written, /^(?:-p|--protocol)$/.test(before.at(-1) ?? '') ? [] : words.slice(at + 1))];
    case 'match':
      return [make(written, [])];
    case 'target':
    case 'chain':
      return [make(written, [])];
    case 'option':
      // Where the rule ends, so that what came behind does not count twice.
      return at === words.length ? withValues(written, item, rule.family).map((own) => make(own, [])) : [];
    default:
      return [];
  }
}

/** The option with a value that its declaration's own examples give it; by itself where it takes none. */
function withValues(written: readonly string[], item: Completion, family: Family): readonly (readonly string[])[] {
  const flag = written.at(-1) ?? '';
  const owners = EXTENSIONS.filter(({ name }) => item.detail.startsWith(`${name}: `));
  const types = owners
    .flatMap(({ options }) => Object.entries(options))
    .flatMap(([name, { short, type }]) => (flag === `--${name}` || flag === `-${short}` ? [type] : []));
  const [type] = types;
  if (type === undefined || type.words === 0) return [written];
  const values = owners
    .flatMap(({ examples }) => examples)
    .flatMap((example) => {
      if (example.kind !== 'accepted') return [];
      const words = example.rule.match(/(?:"(?:[^"\\]|\\.)*"|\S)+/g) ?? [];
      const at = words.findIndex((word) => word === flag);
      const value = words.slice(at + 1, at + 1 + type.words);
      return at === -1 || !types.some((one) => one.parse(value, family).ok) ? [] : [value];
    });
  return values.slice(0, 1).map((value) => [...written, ...value]);
}
