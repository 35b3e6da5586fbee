/** "Did you mean …?": the nearest of a set of names, where one is near enough to be a slip of the finger. */
import type { Problem } from './tree';

export function closest(word: string, names: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  const lowerCase = word.toLowerCase();
  const letters = letterCounts(word);
  for (const name of names) {
    if (name.length === word.length && name !== word && name.toLowerCase() === lowerCase) return name;
    // There may be tens of thousands of chains: most are told apart by their letters, without comparing their order.
    if (Math.abs(name.length - word.length) >= bestDistance || foreignLetters(name, letters) >= bestDistance) continue;
    const distance = editDistance(word, name);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** `: did you mean "NAME"?`, or nothing. */
export function didYouMean(word: string, names: Iterable<string>, prefix = ''): string {
  const name = closest(word, names);
  return name === undefined ? '' : `: did you mean "${prefix}${name}"?`;
}

/** A problem with the nearest of a set of names, in words and as data; unchanged where none is near. */
export function suggesting(problem: Problem, word: string, names: Iterable<string>, prefix = ''): Problem {
  return withSuggestion(problem, closest(word, names), prefix);
}

export function withSuggestion(problem: Problem, name: string | undefined, prefix = ''): Problem {
  if (name === undefined) return problem;
  const suggestion = `${prefix}${name}`;
  return { ...problem, message: `${problem.message}: did you mean "${suggestion}"?`, suggestion };
}

function letterCounts(word: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let at = 0; at < word.length; at++) counts.set(word.charCodeAt(at), (counts.get(word.charCodeAt(at)) ?? 0) + 1);
  return counts;
}

/** How many letters of a name the word does not have: each costs an edit at least. */
function foreignLetters(name: string, letters: ReadonlyMap<number, number>): number {
  const left = new Map(letters);
  let foreign = 0;
  for (let at = 0; at < name.length; at++) {
    const count = left.get(name.charCodeAt(at)) ?? 0;
    if (count === 0) foreign += 1;
    else left.set(name.charCodeAt(at), count - 1);
  }
  return foreign;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
