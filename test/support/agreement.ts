/** How far a result of ours agrees with what a kernel answered to the same scenario. */
import type { Frame, Result } from '../../src-sim/sim/trace';

/** What a kernel answered: the contract's fields of a result. */
export interface KernelAnswer {
  readonly packets: readonly {
    readonly trace: readonly string[];
    readonly caused: readonly {
      readonly src: string;
      readonly dst: string;
      readonly proto: string;
      readonly trace: readonly string[];
    }[];
    readonly out: readonly Frame[];
    readonly conntrack: readonly string[];
  }[];
  /** Absent where they could not be read. */
  readonly counters?: Result['counters'];
  /** Where the host has ebtables. */
  readonly ebtables?: Result['ebtables'];
}

export type Aspect = 'trace' | 'caused' | 'out' | 'conntrack';

/** Timeouts are compared within this many seconds: the kernel's clock runs on while it is asked. */
const TIMEOUT_SLACK_SECONDS = 2;

export function disagreements(ours: Result, kernel: KernelAnswer, packet: number): readonly Aspect[] {
  const mine = ours.packets[packet];
  const theirs = kernel.packets[packet];
  if (mine === undefined || theirs === undefined) return ['trace', 'caused', 'out', 'conntrack'];
  const same: Readonly<Record<Aspect, boolean>> = {
    trace: equal(mine.trace, theirs.trace),
    caused: equal(mine.caused.map(causedKey), theirs.caused.map(causedKey)),
    out: equal(mine.out.map(frameKey).sort(), theirs.out.map(frameKey).sort()),
    conntrack: sameTables(mine.conntrack, theirs.conntrack),
  };
  return (Object.keys(same) as Aspect[]).filter((aspect) => !same[aspect]);
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function causedKey({ src, dst, proto, trace }: KernelAnswer['packets'][number]['caused'][number]): unknown {
  return [src, dst, proto.toUpperCase(), trace];
}

/** Frames leave in an order that does not matter, with an IP id that is chance. */
function frameKey({ dev, src, dst, proto, ttl, tos, len, sport, dport, flags, icmp, frag }: Frame): string {
  return JSON.stringify([
    dev,
    src,
    dst,
    proto,
    ttl,
    tos,
    len,
    sport,
    dport,
    flags,
    icmp?.type,
    icmp?.code,
    icmp?.id,
    frag,
  ]);
}

function sameTables(a: readonly string[], b: readonly string[]): boolean {
  const [mine, theirs] = [a.map(entryOf).sort(byText), b.map(entryOf).sort(byText)];
  return (
    mine.length === theirs.length &&
    mine.every(({ text, timeout }, index) => {
      const other = theirs[index];
      return other !== undefined && text === other.text && Math.abs(timeout - other.timeout) <= TIMEOUT_SLACK_SECONDS;
    })
  );
}

interface ComparedEntry {
  readonly text: string;
  readonly timeout: number;
}

function byText(a: ComparedEntry, b: ComparedEntry): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : a.timeout - b.timeout;
}

/** An nf_conntrack line without what is not the packet's doing; its timeout apart. */
function entryOf(line: string): ComparedEntry {
  const folded = line
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ (use|secctx|delta-time)=\S+| zone=0\b/g, '');
  const [, head = folded, timeout = '-1', rest = ''] = /^(\S+ \d+ \S+ \d+) (\d+) (.*)$/.exec(folded) ?? [];
  return { text: `${head} ${rest}`, timeout: Number(timeout) };
}
