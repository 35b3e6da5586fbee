/** Reads `*table` and `:CHAIN POLICY [counters]`, whose words strtok(3) splits: quotes mean nothing here. */
import { chainNameProblems } from './chain-name';
import { problem } from './problem';
import { countersOf } from './read-counters';
import { blanksEnd, isBlank } from './token';
import type { ChainLine, Problem, TableLine, Word } from './tree';

/** @param start offset of the `*`. What follows the name is ignored, as iptables-restore does. */
export function readTableLine(text: string, start: number, end: number, problems: Problem[]): TableLine {
  const [name] = plainWords(text, start + 1, end, 1);
  if (name === undefined) problems.push(problem({ start, end }, 'missing-name', 'a table has a name: *filter'));
  return { kind: 'table', text, problems, name };
}

/** @param start offset of the `:` */
export function readChainLine(text: string, start: number, end: number, problems: Problem[]): ChainLine {
  const [name, policy, counters] = plainWords(text, start + 1, end, 3);
  if (name === undefined) {
    problems.push(problem({ start, end }, 'missing-name', 'a chain has a name and a policy: ":INPUT ACCEPT [0:0]"'));
  } else if (policy === undefined) {
    const message = `"${name.value}" needs a policy, or "-" where it is a chain of your own`;
    problems.push(problem(name.span, 'missing-policy', message));
  }
  for (const one of chainNameProblems(name)) problems.push(one);
  return {
    kind: 'chain',
    text,
    problems,
    name,
    policy,
    counters: counters && { span: counters.span, ...countersOf(counters.value) },
  };
}

function plainWords(text: string, start: number, end: number, limit: number): Word[] {
  const words: Word[] = [];
  for (let at = blanksEnd(text, start, end); at < end && words.length < limit; at = blanksEnd(text, at, end)) {
    const wordStart = at;
    while (at < end && !isBlank(text.charCodeAt(at))) at += 1;
    words.push({ span: { start: wordStart, end: at }, value: text.slice(wordStart, at) });
  }
  return words;
}
