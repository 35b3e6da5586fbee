/** Rules that iptables accepts, with a word changed: some are accepted still, most are not. The same seed gives the same. */
import fc from 'fast-check';
import type { Family } from '../../src-sim/net/address';

/** A rule with the place where it stands. */
export interface PlacedRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly words: readonly string[];
}

export interface Mutation {
  readonly how: string;
  readonly rule: PlacedRule;
}

/** As a restore file, in which the chain `own` is there to jump to. */
export function restoreFile({ table, chain, words }: PlacedRule): string {
  return `*${table}\n:own - [0:0]\n${['-A', chain, ...words].join(' ')}\nCOMMIT\n`;
}

export function mutations(rules: readonly PlacedRule[], count: number, seed: number): readonly Mutation[] {
  const choice = fc.record({
    rule: fc.constantFrom(...rules),
    other: fc.constantFrom(...rules),
    change: fc.constantFrom(...CHANGES),
    at: fc.nat(),
    pick: fc.nat(),
  });
  const found = new Map<string, Mutation>();
  for (const { rule, other, change, at, pick } of fc.sample(choice, { numRuns: count * 3, seed })) {
    const changed = change.make(rule, at, pick, other);
    const mutation = { how: change.name, rule: changed };
    const key = `${changed.family} ${restoreFile(changed)}`;
    if (key !== `${rule.family} ${restoreFile(rule)}`) found.set(key, mutation);
    if (found.size === count) break;
  }
  return [...found.values()];
}

type Make = (rule: PlacedRule, at: number, pick: number, other: PlacedRule) => PlacedRule;

const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security'];
const CHAINS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING', 'own'];
const NUMBERS = [
  '0',
  '-1',
  '1',
  '15',
  '16',
  '32',
  '33',
  '64',
  '128',
  '129',
  '255',
  '256',
  '65535',
  '65536',
  '4294967296',
];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-,:/.!';

const CHANGES: readonly { readonly name: string; readonly make: Make }[] = [
  { name: 'a word dropped', make: onWords((words, at) => spliced(words, at, 1)) },
  { name: 'a word twice', make: onWords((words, at) => spliced(words, at, 0, words[at])) },
  { name: 'two words swapped', make: onWords(swapped) },
  {
    name: 'a word misspelt',
    make: onWords((words, at, pick) => spliced(words, at, 1, misspelt(words[at] ?? '', pick))),
  },
  { name: 'another number', make: onNumbers },
  { name: 'a "!" before a word', make: onWords((words, at) => spliced(words, at, 0, '!')) },
  {
    name: "another rule's word",
    make: onWords((words, at, pick, other) =>
      spliced(words, at, 1, other.words[pick % Math.max(1, other.words.length)]),
    ),
  },
  { name: "another rule's words", make: appended },
  { name: 'another table', make: (rule, at) => ({ ...rule, table: chosen(TABLES, at) }) },
  { name: 'another chain', make: (rule, at) => ({ ...rule, chain: chosen(CHAINS, at) }) },
  { name: 'the other family', make: (rule) => ({ ...rule, family: rule.family === 'ipv4' ? 'ipv6' : 'ipv4' }) },
];

function onWords(
  change: (words: readonly string[], at: number, pick: number, other: PlacedRule) => readonly string[],
): Make {
  return (rule, at, pick, other) =>
    rule.words.length === 0
      ? rule
      : { ...rule, words: change(rule.words, at % rule.words.length, pick, other).filter((word) => word !== '') };
}

function spliced(words: readonly string[], at: number, drop: number, put = ''): readonly string[] {
  return [...words.slice(0, at), put, ...words.slice(at + drop)];
}

function swapped(words: readonly string[], at: number): readonly string[] {
  const next = (at + 1) % words.length;
  return spliced(spliced(words, at, 1, words[next]), next, 1, words[at]);
}

/** A letter more, less, or another. */
function misspelt(word: string, pick: number): string {
  const at = pick % word.length;
  const letter = chosen([...LETTERS], pick >> 4);
  const rest = word.slice(at + 1);
  return (
    [word.slice(0, at) + rest, word.slice(0, at) + letter + rest, word.slice(0, at + 1) + letter + rest][pick % 3] ?? ''
  );
}

/** One of the rule's numbers becomes one from the edge of some range. */
function onNumbers(rule: PlacedRule, at: number, pick: number): PlacedRule {
  const places = rule.words.flatMap((word, number) => (/\d/.test(word) ? [number] : []));
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return rule;
  const number = chosen(NUMBERS, pick);
  const runs = [...(rule.words[place] ?? '').matchAll(/\d+/g)];
  const run = runs[pick % runs.length];
  const word = rule.words[place] ?? '';
  if (run === undefined) return rule;
  const changed = word.slice(0, run.index) + number + word.slice(run.index + run[0].length);
  return { ...rule, words: spliced(rule.words, place, 1, changed) };
}

function appended(rule: PlacedRule, at: number, pick: number, other: PlacedRule): PlacedRule {
  const from = pick % Math.max(1, other.words.length);
  const words = other.words.slice(from, from + 1 + (at % 4));
  return { ...rule, words: at % 2 === 0 ? [...rule.words, ...words] : [...words, ...rule.words] };
}

function chosen<T>(list: readonly T[], pick: number): T {
  const one = list[pick % Math.max(1, list.length)];
  if (one === undefined) throw new RangeError('nothing to choose from');
  return one;
}
