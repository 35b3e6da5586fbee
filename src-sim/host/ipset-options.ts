/** What `ipset create` and `ipset add` may say behind the name. @see ipset(8) */

export type Options = ReadonlyMap<string, string>;

/** Whether a word takes another behind it. */
type OptionWords = Readonly<Record<string, boolean>>;

export const CREATE_OPTIONS: OptionWords = {
  family: true,
  range: true,
  hashsize: true,
  maxelem: true,
  netmask: true,
  bitmask: true,
  markmask: true,
  bucketsize: true,
  initval: true,
  size: true,
  timeout: true,
  counters: false,
  comment: false,
  skbinfo: false,
  forceadd: false,
};

export const ADD_OPTIONS: OptionWords = {
  timeout: true,
  packets: true,
  bytes: true,
  comment: true,
  skbmark: true,
  skbprio: true,
  skbqueue: true,
  before: true,
  after: true,
  nomatch: false,
  wildcard: false,
};

/** @throws Error where a word is none of them. */
export function readOptions(words: readonly string[], known: OptionWords): Options {
  const options = new Map<string, string>();
  for (let index = 0; index < words.length; index++) {
    const name = words[index] ?? '';
    if (!Object.hasOwn(known, name)) throw new Error(`${name} is not an option here`);
    const value = known[name] ? words[++index] : '';
    if (value === undefined) throw new Error(`${name} needs a value`);
    options.set(name, value);
  }
  return options;
}
