/** Counters in brackets: `[1:60]` before a rule, `[0:0]` behind a policy. */
import { problem } from './problem';
import type { CountersNode, Problem } from './tree';

export interface ReadCounters {
  readonly counters: CountersNode | undefined;
  /** Where the rule begins. */
  readonly end: number;
  readonly problems: readonly Problem[];
}

/**
 * The counters at the very start of a rule's line, if they are there; what is inside the brackets is never refused.
 *
 * @see iptables: iptables/xshared.c:tokenize_rule_counters
 */
export function readCounters(line: string, start: number, end: number): ReadCounters {
  if (line[start] !== '[') return { counters: undefined, end: start, problems: [] };
  const close = line.indexOf(']', start);
  if (close === -1 || close >= end) return broken(start, endOfWord(line, start, end), ']');
  const span = { start, end: close + 1 };
  const colon = line.indexOf(':', start);
  if (colon === -1 || colon >= end) return broken(start, span.end, ':');
  return { counters: { span, ...countersOf(line.slice(start, close + 1)) }, end: span.end, problems: [] };
}

/** Packets and bytes of `[packets:bytes]`; what is no number counts as 0. */
export function countersOf(text: string): { readonly packets: number; readonly bytes: number } {
  const numbers = /^\[(\d+):(\d+)\]$/.exec(text);
  return { packets: Number(numbers?.[1] ?? 0), bytes: Number(numbers?.[2] ?? 0) };
}

function endOfWord(line: string, start: number, end: number): number {
  const blank = line.slice(start, end).search(/[ \t]/);
  return blank === -1 ? end : start + blank;
}

function broken(start: number, end: number, missing: string): ReadCounters {
  const message = `counters are written [packets:bytes]: "${missing}" is missing`;
  return { counters: undefined, end, problems: [problem({ start, end }, 'bad-counters', message)] };
}
