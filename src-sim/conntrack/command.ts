/**
 * What the command conntrack deletes: `-D` with what an entry must have, `-F` everything.
 *
 * @see conntrack(8)
 */
import { ADDRESS_BITS, type Address, type Family, familyOf, inNetwork, parseAddress, prefixMask } from '../net/address';
import { protocolNumber } from '../net/protocol';
import type { Entry } from './entry';
import type { ConntrackTable } from './table';
import { icmpCodeOf, icmpTypeOf, isIcmp, type Tuple } from './tuple';

/** @returns what the command would say. @throws Error where the command cannot be read, or does something else. */
export function runConntrackCommand(text: string, table: ConntrackTable): string {
  const words = text.trim().split(/\s+/);
  if (words[0] === 'conntrack') words.shift();
  const [action = '', ...rest] = words;
  if (action === '-F' || action === '--flush') return flush(rest, table);
  if (action !== '-D' && action !== '--delete') throw new Error(`conntrack ${action}: only -D and -F are known here`);
  const tests = readTests(rest);
  const chosen = [...table.entries()].filter((entry) => tests.every((test) => test(entry)));
  for (const entry of chosen) table.remove(entry);
  return `${chosen.length} flow entries have been deleted`;
}

function flush([what = 'conntrack']: readonly string[], table: ConntrackTable): string {
  if (what === 'expect') {
    table.expectations.clear();
    return 'expectation table has been emptied';
  }
  if (what !== 'conntrack') throw new Error(`conntrack -F ${what}: no such table`);
  for (const entry of [...table.entries()]) table.remove(entry);
  return 'connection tracking table has been emptied';
}

type Test = (entry: Entry) => boolean;

interface Criterion {
  readonly names: readonly string[];
  /** Whether a value must stand behind it. */
  readonly value: 'needed' | 'optional';
  /** Undefined: the value cannot be read. */
  read(value: string): Test | undefined;
}

const CRITERIA: readonly Criterion[] = [
  address(['-s', '--src', '--orig-src'], ({ original }) => original.src),
  address(['-d', '--dst', '--orig-dst'], ({ original }) => original.dst),
  address(['-r', '--reply-src'], ({ reply }) => reply.src),
  address(['-q', '--reply-dst'], ({ reply }) => reply.dst),
  needed(['-p', '--proto'], (text) => {
    const protocol = protocolNumber(text);
    return protocol === undefined ? undefined : ({ original }) => original.protocol === protocol;
  }),
  number(['--sport', '--orig-port-src'], ({ original }) => original.sport),
  number(['--dport', '--orig-port-dst'], ({ original }) => original.dport),
  number(['--reply-port-src'], ({ reply }) => reply.sport),
  number(['--reply-port-dst'], ({ reply }) => reply.dport),
  number(['--icmp-type'], ({ original }) => ofIcmp(original, icmpTypeOf(original))),
  number(['--icmp-code'], ({ original }) => ofIcmp(original, icmpCodeOf(original))),
  number(['--icmp-id'], ({ original }) => ofIcmp(original, original.sport)),
  number(['-w', '--zone'], ({ zone }) => zone.id),
  number(['--orig-zone'], ({ zone }) => (zone.original ? zone.id : 0)),
  number(['--reply-zone'], ({ zone }) => (zone.reply ? zone.id : 0)),
  needed(['-m', '--mark'], (text) => {
    const [value = Number.NaN, mask = 0xffff_ffff] = text.split('/').map(Number);
    if (Number.isNaN(value) || Number.isNaN(mask)) return undefined;
    return ({ mark }) => (mark & mask) >>> 0 === value >>> 0;
  }),
  needed(
    ['--state'],
    (name) =>
      ({ tcp, sctp }) =>
        tcp?.state === name || sctp?.state === name,
  ),
  needed(['-u', '--status'], (list) => {
    const bits = list.split(',').map((name) => STATUS_BITS.get(name.toUpperCase()));
    return bits.every((bit) => bit !== undefined) ? ({ status }) => bits.every((bit) => status[bit]) : undefined;
  }),
  translated(['-n', '--src-nat'], true, false),
  translated(['-g', '--dst-nat'], false, true),
  translated(['-j', '--any-nat'], true, true),
];

const STATUS_BITS: ReadonlyMap<string, 'assured' | 'seenReply' | 'expected'> = new Map([
  ['ASSURED', 'assured'],
  ['SEEN_REPLY', 'seenReply'],
  ['EXPECTED', 'expected'],
]);

function readTests(words: readonly string[]): readonly Test[] {
  const tests: Test[] = [];
  let family: Family | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const [name = '', next] = [words[at], words[at + 1]];
    const value = next === undefined || next.startsWith('-') ? undefined : next;
    if (value !== undefined) at += 1;
    if (name === '-f' || name === '--family') {
      family = value === 'ipv6' ? 'ipv6' : 'ipv4';
      continue;
    }
    const criterion = CRITERIA.find(({ names }) => names.includes(name));
    if (criterion === undefined) throw new Error(`conntrack: unknown option ${name}`);
    const needsValue = criterion.value === 'needed';
    const test = value === undefined && needsValue ? undefined : criterion.read(value ?? '');
    if (test === undefined) throw new Error(`conntrack: ${name} ${value ?? 'has no value'}`);
    family ??= familyIn(value);
    tests.push(test);
  }
  return family === undefined ? tests : [...tests, ({ original }) => familyOf(original.src) === family];
}

function familyIn(value: string | undefined): Family | undefined {
  const found = parseAddress(value?.split('/')[0] ?? '');
  return found === undefined ? undefined : familyOf(found);
}

function needed(names: readonly string[], read: Criterion['read']): Criterion {
  return { names, value: 'needed', read };
}

function number(names: readonly string[], of: (entry: Entry) => number | undefined): Criterion {
  return needed(names, (text) => (/^\d+$/.test(text) ? (entry) => of(entry) === Number(text) : undefined));
}

function address(names: readonly string[], of: (entry: Entry) => Address): Criterion {
  return needed(names, (text) => {
    const [first = '', length] = text.split('/');
    const wanted = parseAddress(first);
    if (wanted === undefined) return undefined;
    const family = familyOf(wanted);
    const network = { address: wanted, mask: prefixMask(Number(length ?? ADDRESS_BITS[family]), family) };
    return (entry) => familyOf(of(entry)) === family && inNetwork(of(entry), network);
  });
}

/** Entries that NAT changed; with an address, to this one. */
function translated(names: readonly string[], source: boolean, destination: boolean): Criterion {
  return {
    names,
    value: 'optional',
    read(text) {
      const to = parseAddress(text);
      if (text !== '' && to === undefined) return undefined;
      return ({ status, reply }) =>
        (source && status.srcNat && (to === undefined || reply.dst === to)) ||
        (destination && status.dstNat && (to === undefined || reply.src === to));
    },
  };
}

function ofIcmp(tuple: Tuple, value: number): number | undefined {
  return isIcmp(tuple.protocol) ? value : undefined;
}
