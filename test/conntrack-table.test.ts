/** The conntrack table by itself: who is found, who expires and when, whatever was refreshed before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../src-sim/conntrack/entry';
import { ConntrackTable } from '../src-sim/conntrack/table';
import { invertTuple, type Tuple } from '../src-sim/conntrack/tuple';
import { DEFAULT_ZONE } from '../src-sim/conntrack/zone';
import { Deadlines, OWN_PLACES, type Waiting } from '../src-sim/host/deadlines';

function tupleOf(number: number): Tuple {
  return { src: `10.0.${number >> 8}.${number & 255}`, dst: '192.0.2.1', protocol: 17, sport: 1000, dport: 53 };
}

function entryOf(table: ConntrackTable, number: number, timeout: number, dport = 53): Entry {
  const original = { ...tupleOf(number), dport };
  const reply = invertTuple(original);
  if (reply === undefined) throw new Error('UDP has answers');
  const entry = table.open(original, reply, DEFAULT_ZONE, 0);
  entry.timeout = timeout;
  return entry;
}

type Act = { readonly kind: 'insert' | 'refresh' | 'remove'; readonly entry: number; readonly seconds: number };

const acts = fc.array(
  fc.record({
    wait: fc.constantFrom(0, 0, 0.5, 1, 7, 40),
    act: fc.record({
      kind: fc.constantFrom<Act['kind']>('insert', 'insert', 'refresh', 'remove'),
      entry: fc.nat(20),
      seconds: fc.constantFrom(1, 2.5, 10, 30, 120),
    }),
  }),
  { maxLength: 80, size: 'max' },
);

describe('entries expire', () => {
  it('exactly those whose time is over, as a look at every entry would tell', () => {
    fc.assert(
      fc.property(acts, (steps) => {
        const table = new ConntrackTable();
        const timeouts = new Map<Entry, number>();
        let now = 0;
        for (const { wait, act } of steps) {
          now += wait;
          perform(table, timeouts, act, now);
          table.removeExpired(now);
          for (const [entry, timeout] of timeouts) if (timeout <= now) timeouts.delete(entry);
          const [held, expected] = [[...table.entries()], [...timeouts.keys()]];
          expect(held.length).toBe(expected.length);
          for (const [place, entry] of held.entries()) expect(entry).toBe(expected[place]);
          for (const entry of timeouts.keys()) expect(table.find(entry.reply, 0, now)?.entry).toBe(entry);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

/** Does it to the table, and to the plain list that the table is compared with. */
function perform(
  table: ConntrackTable,
  timeouts: Map<Entry, number>,
  { kind, entry, seconds }: Act,
  now: number,
): void {
  const known = table.find(tupleOf(entry), 0, now)?.entry;
  for (const [other, timeout] of timeouts)
    if (other.original.src === tupleOf(entry).src && timeout <= now) timeouts.delete(other);
  if (kind === 'insert' && known === undefined) {
    const made = entryOf(table, entry, seconds);
    expect(table.insert(made, now)).toBeUndefined();
    timeouts.set(made, now + seconds);
  } else if (kind === 'refresh' && known) {
    table.refresh(known, seconds, now);
    timeouts.set(known, now + seconds);
  } else if (kind === 'remove' && known) {
    table.remove(known);
    timeouts.delete(known);
  }
}

describe('the table', () => {
  it('tells who stands in the way of an entry', () => {
    const table = new ConntrackTable();
    const [first, second] = [entryOf(table, 1, 30), entryOf(table, 1, 30)];
    expect(table.insert(first, 0)).toBeUndefined();
    expect(table.insert(second, 0)?.entry).toBe(first);
    expect(table.size).toBe(1);
  });

  it('does not find an entry whose time is over, nor count it from then on', () => {
    const table = new ConntrackTable();
    table.insert(entryOf(table, 1, 30), 0);
    expect(table.find(tupleOf(1), 0, 29.9)).toBeDefined();
    expect(table.find(tupleOf(1), 0, 30)).toBeUndefined();
    expect(table.size).toBe(0);
  });

  it('gives the newest first of the entries with a source that NAT has seen', () => {
    const table = new ConntrackTable();
    const entries = [1, 2, 3].map((dport) => {
      const entry = entryOf(table, 9, 30, dport);
      entry.status.srcNatDone = true;
      table.insert(entry, 0);
      return entry;
    });
    expect(table.withSource(tupleOf(9)).map(({ original }) => original.dport)).toEqual([3, 2, 1]);
    expect(table.withSource(tupleOf(9)).at(0)).toBe(entries.at(-1));
    expect([...table.withSource(tupleOf(8))]).toEqual([]);
  });
});

describe('deadlines', () => {
  it('come in order of time, whatever was moved or taken out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(15), fc.nat(50), fc.boolean()), { maxLength: 100, size: 'max' }),
        (moves) => {
          const queue = new Deadlines<Waiting>(OWN_PLACES);
          const members = Array.from({ length: 16 }, (): Waiting => ({ queuePlace: -1 }));
          const expected = new Map<Waiting, number>();
          for (const [at, dueAt, isOut] of moves) {
            const member = members[at];
            if (member === undefined) continue;
            if (isOut) queue.delete(member);
            else queue.set(member, dueAt);
            if (isOut) expected.delete(member);
            else expected.set(member, dueAt);
          }
          const order: (number | undefined)[] = [];
          for (let first = queue.due(50); first; first = queue.due(50)) {
            order.push(expected.get(first));
            queue.delete(first);
          }
          expect(order).toEqual([...expected.values()].sort((a, b) => a - b));
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});
