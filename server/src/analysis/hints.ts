/**
 * What a ruleset cannot say of its host: `# chainwalk: key=value …` comments in the file, the setting `chainwalk.host`,
 * and `ipvsadm -S -n` text beside it. Comments win over the setting where both speak.
 */
import { parseServices } from '../../../src-sim/ipvs/service';
import type { Address } from '../../../src-sim/net/address';
import type { HostDescription, InterfaceDescription } from '../../../src-sim/sim/scenario';
import { alternatives, problem } from '../syntax/problem';
import type { Problem, Span, Tree } from '../syntax/tree';
import {
  findHintKey,
  HINT_KEYS,
  type HintName,
  isLvsMode,
  isRole,
  type LvsMode,
  type Management,
  parseManagement,
  type Role,
} from './hint-keys';
import { isRecord, readHost } from './host-setting';

export interface Hints {
  readonly roles: readonly Role[];
  readonly mode?: LvsMode;
  readonly vips: readonly Address[];
  readonly management?: Management;
  readonly asymmetric: boolean;
  /** What is known of the host: interfaces and their addresses, IPVS's services, kernel, … */
  readonly host: HostDescription;
  /** Unknown keys and bad values, at their places in the file: spans are offsets into its text. */
  readonly problems: readonly Problem[];
}

export const NO_HINTS: Hints = { roles: [], vips: [], asymmetric: false, host: {}, problems: [] };

/** A `key=value` of a comment, as absolute offsets. */
interface HintWord {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: string;
  readonly valueSpan: Span;
}

const MARKER = /^#\s*chainwalk:/;

/**
 * @param setting the value of `chainwalk.host`, as it came from the editor: anything.
 * @param ipvsadm text that `ipvsadm -S -n` prints.
 */
export function readHints(document: { readonly tree: Tree }, setting?: unknown, ipvsadm?: string): Hints {
  const fromSetting = readSetting(setting);
  const withIpvs = addServices(ipvsadm === undefined ? fromSetting : withHost(fromSetting, { ipvs: ipvsadm }));
  const words = hintWords(document.tree);
  const problems = words.flatMap(problemsOf);
  const good = words.filter((word) => problemsOf(word).length === 0);
  const reading = good.reduce<Reading>(addWord, { hints: withIpvs, device: undefined });
  return { ...reading.hints, problems };
}

/** Whether IPVS runs here, by role or by its services. */
export function isDirector(hints: Hints): boolean {
  return hints.roles.includes('lvs-director') || hints.host.ipvs !== undefined;
}

interface Reading {
  readonly hints: Hints;
  /** The interface that `address=` speaks of. */
  readonly device: string | undefined;
}

function hintWords(tree: Tree): readonly HintWord[] {
  const words: HintWord[] = [];
  let lineStart = 0;
  for (const line of tree.lines) {
    if (line.kind === 'comment') words.push(...wordsOf(line.comment.value, lineStart + line.comment.span.start));
    lineStart += line.text.length;
  }
  return words;
}

function wordsOf(comment: string, offset: number): readonly HintWord[] {
  const marker = MARKER.exec(comment);
  if (marker === null) return [];
  const start = marker[0].length;
  return [...comment.slice(start).matchAll(/\S+/g)].map((word) => {
    const from = offset + start + word.index;
    const [key = '', ...rest] = word[0].split('=');
    const value = rest.join('=');
    const end = from + word[0].length;
    return {
      key,
      keySpan: { start: from, end: from + key.length },
      value,
      valueSpan: { start: end - value.length, end },
    };
  });
}

function problemsOf(word: HintWord): readonly Problem[] {
  const declared = findHintKey(word.key);
  if (declared === undefined) {
    const known = alternatives(HINT_KEYS.map(({ key }) => key));
    return [problem(word.keySpan, 'unknown-hint', `"${word.key}" is no hint: ${known} would be`, 'warning')];
  }
  const values = declared.repeats ? word.value.split(',') : [word.value];
  const wrong =
    word.value === '' ? `${word.key} needs a value: ${declared.value}` : firstRefusal(declared.refuses, values);
  const span = word.value === '' ? word.keySpan : word.valueSpan;
  return wrong === undefined ? [] : [problem(span, 'bad-hint', wrong, 'warning')];
}

function firstRefusal(refuses: (value: string) => string | undefined, values: readonly string[]): string | undefined {
  return values.map(refuses).find((refusal) => refusal !== undefined);
}

function addWord(reading: Reading, word: HintWord): Reading {
  const declared = findHintKey(word.key);
  if (declared === undefined) return reading;
  const values = declared.repeats ? word.value.split(',') : [word.value];
  return values.reduce((before, value) => addValue(before, declared.key, value), reading);
}

function addValue({ hints, device }: Reading, key: HintName, value: string): Reading {
  switch (key) {
    case 'role':
      return { hints: isRole(value) ? { ...hints, roles: joined(hints.roles, value) } : hints, device };
    case 'mode':
      return { hints: isLvsMode(value) ? { ...hints, mode: value } : hints, device };
    case 'vip':
      return { hints: { ...hints, vips: joined(hints.vips, value) }, device };
    case 'interface':
      return { hints: withInterface(hints, value, (known) => known), device: value };
    case 'address':
      return { hints: withAddress(hints, device ?? 'eth0', value), device };
    case 'management': {
      const management = parseManagement(value);
      return { hints: management ? { ...hints, management } : hints, device };
    }
    case 'table':
      // Of the text and not of the host: table-hint.ts reads it.
      return { hints, device };
    case 'kernel':
      return { hints: { ...hints, host: { ...hints.host, kernel: value } }, device };
    case 'asymmetric':
      return { hints: { ...hints, asymmetric: value === 'yes' }, device };
  }
}

/** The setting has the comments' keys, and beside them the members of a scenario's host. What is not valid is left out. */
function readSetting(setting: unknown): Hints {
  if (!isRecord(setting)) return NO_HINTS;
  const words = HINT_KEYS.flatMap(({ key }) => settingValues(setting[key]).map((value) => ({ key, value })));
  const good = words.filter(({ key, value }) => findHintKey(key)?.refuses(value) === undefined);
  const start: Reading = { hints: withHost(NO_HINTS, readHost(setting)), device: undefined };
  return good.reduce((reading, { key, value }) => addValue(reading, key, value), start).hints;
}

function settingValues(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(settingValues);
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}

/** A director's addresses and, where nobody said it, the mode, as its services tell them. */
function addServices(hints: Hints): Hints {
  const services = hints.host.ipvs === undefined ? [] : parseServices(hints.host.ipvs);
  const [mode] = services.flatMap((service) => service.destinations).map(({ method }) => method);
  const vips = services.flatMap(({ virtual }) => (virtual.kind === 'endpoint' ? [virtual.address] : []));
  return { ...hints, ...(mode === undefined || hints.mode ? {} : { mode }), vips: vips.reduce(joined, hints.vips) };
}

function withHost(hints: Hints, host: HostDescription): Hints {
  return { ...hints, host: { ...hints.host, ...host } };
}

function withAddress(hints: Hints, device: string, address: string): Hints {
  return withInterface(hints, device, (known) => ({ ...known, addresses: joined(known.addresses ?? [], address) }));
}

function withInterface(
  hints: Hints,
  device: string,
  change: (known: InterfaceDescription) => InterfaceDescription,
): Hints {
  const interfaces = { ...hints.host.interfaces, [device]: change(hints.host.interfaces?.[device] ?? {}) };
  return { ...hints, host: { ...hints.host, interfaces } };
}

function joined<T>(list: readonly T[], item: T): readonly T[] {
  return list.includes(item) ? list : [...list, item];
}
