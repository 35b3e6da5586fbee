/** What a packet changed in the conntrack table: the lines before it and after it, entry by entry. */

import { type ConntrackLine, entryKey, parseConntrackLine } from '../../../src-sim/conntrack/line';
import type { PacketResult } from '../../../src-sim/sim/trace';

export interface EntryChange {
  readonly key: string;
  /** `expired`: gone because time passed; `destroyed`: gone because of the packet. */
  readonly kind: 'created' | 'changed' | 'unchanged' | 'expired' | 'destroyed';
  /** After the packet; before it where the entry is gone. */
  readonly line: ConntrackLine;
  /** TCP's state before, where it is another one now. */
  readonly stateBefore: string | undefined;
  /** Seconds left just before the packet, where the packet set them anew. */
  readonly timeoutBefore: number | undefined;
  readonly flagsGained: readonly string[];
  readonly flagsLost: readonly string[];
  /** `mark`, `zone`, … that are not what they were. */
  readonly restChanged: readonly string[];
  /** Part of its lifetime that the entry still has, from 0 to 1. */
  readonly left: number;
}

/** @param index the packet after which the table is wanted. */
export function conntrackChanges(results: readonly PacketResult[], index: number): readonly EntryChange[] {
  const lifetimes = new Map<string, number>();
  let changes: readonly EntryChange[] = [];
  let before: readonly ConntrackLine[] = [];
  for (const [at, result] of results.slice(0, index + 1).entries()) {
    const elapsed = result.time - (results[at - 1]?.time ?? result.time);
    const after = result.conntrack.map(parseConntrackLine).filter((line) => line !== undefined);
    changes = compareTables(before, after, elapsed, lifetimes);
    before = after;
  }
  return changes;
}

function compareTables(
  before: readonly ConntrackLine[],
  after: readonly ConntrackLine[],
  elapsed: number,
  lifetimes: Map<string, number>,
): readonly EntryChange[] {
  const old = new Map(before.map((line) => [entryKey(line), line]));
  const kept = after.map((line) => compareEntry(old.get(entryKey(line)), line, elapsed, lifetimes));
  const there = new Set(kept.map((change) => change.key));
  const gone = before.filter((line) => !there.has(entryKey(line))).map((line) => lostEntry(line, elapsed));
  return [...kept, ...gone];
}

function compareEntry(
  before: ConntrackLine | undefined,
  line: ConntrackLine,
  elapsed: number,
  lifetimes: Map<string, number>,
): EntryChange {
  const key = entryKey(line);
  const expected = before?.timeout === undefined ? undefined : before.timeout - elapsed;
  const timeout = line.timeout ?? 0;
  // A second of rounding lies between two lines of the same entry; a timer that jumps was set anew.
  const reset = expected === undefined || timeout > expected + 1 || timeout < expected - 1;
  if (reset) lifetimes.set(key, timeout);
  const difference = before ? differences(before, line) : NO_DIFFERENCE;
  const changed = reset || Object.values(difference).some((part) => part !== undefined && part.length > 0);
  return {
    key,
    kind: before === undefined ? 'created' : changed ? 'changed' : 'unchanged',
    line,
    ...difference,
    timeoutBefore: before !== undefined && reset ? expected : undefined,
    left: Math.min(1, timeout / Math.max(1, lifetimes.get(key) ?? timeout)),
  };
}

const NO_DIFFERENCE = { stateBefore: undefined, flagsGained: [], flagsLost: [], restChanged: [] } as const;

function differences(before: ConntrackLine, after: ConntrackLine) {
  const old = new Map(before.rest);
  return {
    stateBefore: before.state === after.state ? undefined : before.state,
    flagsGained: after.flags.filter((flag) => !before.flags.includes(flag)),
    flagsLost: before.flags.filter((flag) => !after.flags.includes(flag)),
    // `use` counts references and changes without a meaning.
    restChanged: after.rest.filter(([key, value]) => key !== 'use' && old.get(key) !== value).map(([key]) => key),
  };
}

function lostEntry(line: ConntrackLine, elapsed: number): EntryChange {
  const expired = line.timeout !== undefined && line.timeout <= elapsed;
  return {
    key: entryKey(line),
    kind: expired ? 'expired' : 'destroyed',
    line,
    ...NO_DIFFERENCE,
    timeoutBefore: undefined,
    left: 0,
  };
}
