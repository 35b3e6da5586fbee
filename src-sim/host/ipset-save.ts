/**
 * What `ipset save` prints and `ipset restore` reads: `create`, `add`, and the few other commands that people write.
 *
 * @see ipset(8)
 */
import { addressValue, type Family, parseAddress, prefixMask } from '../net/address';
import { hasNomatch, type IpSet, type IpSets, type SetMark } from './ipset';
import { readAddressRange, readElement, readNumber } from './ipset-element';
import type { EntryExtras, SetField, SetTraits } from './ipset-entry';
import { HashSet } from './ipset-hash';
import type { SetShape } from './ipset-key';
import { ListSet, type MemberPlace } from './ipset-list';
import { MacBitmap } from './ipset-mac-bitmap';
import { ADD_OPTIONS, CREATE_OPTIONS, type Options, readOptions } from './ipset-options';

const TYPES: ReadonlySet<string> = new Set([
  'hash:ip',
  'hash:net',
  'hash:mac',
  'hash:ip,port',
  'hash:ip,mac',
  'hash:ip,mark',
  'hash:net,port',
  'hash:net,iface',
  'hash:net,net',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,port,net',
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'list:set',
]);

/** Types that hold no address, and so belong to no family. */
const WITHOUT_FAMILY: ReadonlySet<string> = new Set(['hash:mac', 'bitmap:port', 'list:set']);

const DEFAULT_MAX_ELEMENTS = 65_536;

/** @throws Error where ipset would refuse a line; the message names it. */
export function readIpsets(text: string): IpSets {
  const sets = new Map<string, IpSet>();
  text.split('\n').forEach((line, index) => {
    try {
      runCommand(sets, wordsOf(line));
    } catch (error) {
      throw new Error(`ipset line ${index + 1}: ${error instanceof Error ? error.message : error}`);
    }
  });
  return sets;
}

/** Words, where quotes hold a comment together. */
function wordsOf(line: string): readonly string[] {
  if (/^\s*(#|$)/.test(line)) return [];
  return [...line.matchAll(/"([^"]*)"|\S+/g)].map((match) => match[1] ?? match[0]);
}

function runCommand(sets: Map<string, IpSet>, words: readonly string[]): void {
  const exist = words.some((word) => EXIST.has(word));
  const [command = '', name = '', third = '', ...rest] = words.filter((word) => !EXIST.has(word));
  switch (command) {
    case '':
    case 'COMMIT':
      return;
    case 'create':
    case '-N':
      create(sets, name, third, rest, exist);
      return;
    case 'add':
    case '-A':
      add(sets, findSet(sets, name), third, rest, exist);
      return;
    case 'del':
    case '-D':
      remove(sets, findSet(sets, name), third, exist);
      return;
    case 'flush':
    case '-F':
      for (const set of name === '' ? sets.values() : [findSet(sets, name)]) clear(set);
      return;
    case 'destroy':
    case '-X':
      if (name === '') sets.clear();
      else sets.delete(findSet(sets, name).name);
      return;
    default:
      throw new Error(`${command} is not a command`);
  }
}

const EXIST: ReadonlySet<string> = new Set(['-exist', '-!']);

function findSet(sets: ReadonlyMap<string, IpSet>, name: string): IpSet {
  const set = sets.get(name);
  if (set === undefined) throw new Error(`the set ${name} does not exist`);
  return set;
}

function create(
  sets: Map<string, IpSet>,
  name: string,
  type: string,
  options: readonly string[],
  exist: boolean,
): void {
  if (sets.has(name) && exist) return;
  if (sets.has(name)) throw new Error(`the set ${name} exists already`);
  if (name === '' || name.length > 31) throw new Error('the name of a set has 1 to 31 characters');
  if (!TYPES.has(type)) throw new Error(`${type} is not a type of set`);
  sets.set(name, makeSet(name, type, readOptions(options, CREATE_OPTIONS)));
}

function makeSet(name: string, type: string, options: Options): IpSet {
  const timeout = options.get('timeout');
  const traits: SetTraits = {
    timeout: timeout === undefined ? undefined : readNumber(timeout),
    hasCounters: options.has('counters'),
    hasMarks: options.has('skbinfo'),
  };
  if (type === 'list:set') return new ListSet(name, traits);
  const shape = shapeOf(name, type, options, traits);
  return type === 'bitmap:ip,mac' ? new MacBitmap(shape) : new HashSet(shape);
}

function shapeOf(name: string, type: string, options: Options, traits: SetTraits): SetShape {
  const family = WITHOUT_FAMILY.has(type) ? undefined : familyNamed(options.get('family') ?? 'inet');
  // `hash:ip,port` → ip, port: the names of the types are made of their fields.
  const fields = (type.split(':')[1] ?? '').split(',') as SetField[];
  return {
    ...traits,
    name,
    type,
    family,
    fields,
    mask: maskOf(options, family ?? 'ipv4'),
    markMask: readNumber(options.get('markmask') ?? '0xffffffff'),
    range: type.startsWith('bitmap') ? readRange(options.get('range')) : undefined,
    maxElements: readNumber(options.get('maxelem') ?? `${DEFAULT_MAX_ELEMENTS}`) || DEFAULT_MAX_ELEMENTS,
    forceAdd: options.has('forceadd'),
  };
}

function familyNamed(word: string): Family {
  if (word === 'inet' || word === 'ipv4') return 'ipv4';
  if (word === 'inet6' || word === 'ipv6') return 'ipv6';
  throw new Error(`${word} is not a family`);
}

function maskOf(options: Options, family: Family): string | undefined {
  const netmask = options.get('netmask');
  if (netmask !== undefined) return prefixMask(readNumber(netmask), family);
  const bitmask = options.get('bitmask');
  return bitmask === undefined ? undefined : parseAddress(bitmask);
}

/** Ports or addresses: `1-1024`, `10.0.0.0/24`. */
function readRange(text: string | undefined): SetShape['range'] {
  if (text === undefined) throw new Error('a bitmap needs its range');
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return { min: BigInt(from), max: BigInt(to) };
  const { min, max } = readAddressRange(text);
  return { min: addressValue(min), max: addressValue(max) };
}

function add(sets: IpSets, set: IpSet, element: string, words: readonly string[], exist: boolean): void {
  const options = readOptions(words, ADD_OPTIONS);
  const extras = extrasOf(options);
  checkExtras(set, options);
  if (set instanceof ListSet) {
    const member = findSet(sets, element);
    if (member instanceof ListSet) throw new Error(`${element} is a list itself`);
    if (set.has(member) ? !exist : !set.insert(member, extras, placeOf(options))) throw alreadyThere(element);
  } else if (set instanceof HashSet) {
    for (const key of readElement(set.shape, element, options.has('wildcard'))) {
      if (set.has(key) && !exist) throw alreadyThere(element);
      if (!set.insert(key, extras, 0)) throw new Error(`the set ${set.name} is full`);
    }
  } else if (set instanceof MacBitmap) {
    addWithMac(set, element, extras, exist);
  }
}

/** What an entry may say depends on what the set was created with. */
function checkExtras(set: IpSet, options: Options): void {
  const traits = traitsOf(set);
  const given = (...names: readonly string[]) => names.some((name) => options.has(name));
  if (given('nomatch') && !hasNomatch(set)) throw new Error(`${set.type} knows no nomatch`);
  if (given('timeout') && traits?.timeout === undefined) throw new Error(`the set ${set.name} has no timeouts`);
  if (given('packets', 'bytes') && !traits?.hasCounters) throw new Error(`the set ${set.name} has no counters`);
  if (given('skbmark', 'skbprio', 'skbqueue') && !traits?.hasMarks)
    throw new Error(`the set ${set.name} has no skbinfo`);
}

function traitsOf(set: IpSet): SetTraits | undefined {
  if (set instanceof ListSet) return set.traits;
  return set instanceof HashSet || set instanceof MacBitmap ? set.shape : undefined;
}

/** The MAC address may be left open. */
function addWithMac(set: MacBitmap, element: string, extras: EntryExtras, exist: boolean): void {
  const [hosts = '', mac] = element.split(',');
  const shape: SetShape = { ...set.shape, fields: ['ip'] };
  for (const { parts } of readElement(shape, hosts, false)) {
    const [address = ''] = parts;
    if (set.has(address) && !exist) throw alreadyThere(element);
    set.insert(address, mac?.toLowerCase(), extras, 0);
  }
}

function alreadyThere(element: string): Error {
  return new Error(`${element} cannot be added`);
}

function remove(sets: IpSets, set: IpSet, element: string, exist: boolean): void {
  const found = deleteFrom(sets, set, element);
  if (!found && !exist) throw new Error(`${element} is not in the set ${set.name}`);
}

function deleteFrom(sets: IpSets, set: IpSet, element: string): boolean {
  if (set instanceof ListSet) return set.delete(findSet(sets, element));
  if (set instanceof HashSet) return readElement(set.shape, element, false).every((key) => set.delete(key));
  return set instanceof MacBitmap && set.delete(element.split(',')[0] ?? '');
}

function clear(set: IpSet): void {
  if (set instanceof ListSet || set instanceof HashSet || set instanceof MacBitmap) set.clear();
}

function extrasOf(options: Options): EntryExtras {
  const number = (name: string) => {
    const text = options.get(name);
    return text === undefined ? undefined : readNumber(text);
  };
  const mark = options.get('skbmark');
  return {
    nomatch: options.has('nomatch'),
    timeout: number('timeout'),
    packets: number('packets'),
    bytes: number('bytes'),
    mark: mark === undefined ? undefined : readMark(mark),
  };
}

function readMark(text: string): SetMark {
  const [value = '', mask = '0xffffffff'] = text.split('/');
  return { value: readNumber(value), mask: readNumber(mask) };
}

function placeOf(options: Options): MemberPlace | undefined {
  const [before, after] = [options.get('before'), options.get('after')];
  if (before !== undefined) return { side: 'before', name: before };
  return after === undefined ? undefined : { side: 'after', name: after };
}
