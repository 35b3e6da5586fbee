/** The words of a rule, as its matches, watchers and target; every option finds its extension by its name. */
import type { Counters, Given, GivenOptions } from '../netfilter/ruleset';
import { NO_COUNTERS } from '../netfilter/ruleset';
import type { OptionDeclaration } from '../xt/define';
import { type BridgeExtension, isPlain } from './define';
import { type EtherType, etherTypeText } from './ether-type';
import { RefusedBridgeText } from './refused-text';
import { BRIDGE_MATCHES, BRIDGE_WATCHERS, findBridgeTarget } from './registry';
import type { BridgeRule, BridgeTarget, BridgeUse } from './ruleset';
import { BRIDGE_VERDICTS } from './verdict-type';
import type { Word } from './words';

/** A line, as far as reading it needs. */
export interface RuleLine {
  readonly line: number;
  readonly text: string;
  /** Behind `-A CHAIN`. */
  readonly words: readonly Word[];
}

interface Use {
  readonly extension: BridgeExtension;
  readonly options: Record<string, Given>;
  /** Of its first option. */
  readonly column: number;
}

interface FoundOption {
  readonly extension: BridgeExtension;
  readonly name: string;
  readonly declaration: OptionDeclaration;
}

/** @throws RefusedBridgeText */
export function readRule(line: RuleLine, isChain: (name: string) => boolean): BridgeRule {
  return new RuleReader(line, isChain).read();
}

class RuleReader {
  readonly #line: RuleLine;
  readonly #isChain: (name: string) => boolean;
  #next = 0;
  readonly #uses: Use[] = [];
  #target: BridgeTarget | undefined;
  #counters: Counters = NO_COUNTERS;

  constructor(line: RuleLine, isChain: (name: string) => boolean) {
    this.#line = line;
    this.#isChain = isChain;
  }

  read(): BridgeRule {
    while (this.#next < this.#line.words.length) this.#option();
    for (const use of this.#uses) this.#check(use);
    const { line, text } = this.#line;
    return {
      matches: this.#usesOf('match').sort((a, b) => Number(b.name === 'builtin') - Number(a.name === 'builtin')),
      watchers: this.#usesOf('watcher'),
      target: this.#finishedTarget(),
      counters: this.#counters,
      line,
      text,
    };
  }

  #usesOf(kind: BridgeExtension['kind']): BridgeUse[] {
    const uses = this.#uses.filter(({ extension }) => extension.kind === kind);
    return uses.map(({ extension, options }) => ({ name: extension.name, options }));
  }

  #finishedTarget(): BridgeTarget {
    const target = this.#target ?? { kind: 'verdict', verdict: 'CONTINUE' };
    const [options] = this.#usesOf('target');
    return target.kind === 'target' && options ? { kind: 'target', ...options } : target;
  }

  #option(): void {
    const isInverted = this.#skipNot();
    const word = this.#word('an option');
    if (word.text === '-j' || word.text === '--jump') this.#jump(word);
    else if (word.text === '-c' || word.text === '--set-counters') this.#setCounters();
    else this.#condition(word, isInverted);
  }

  #condition(word: Word, isInverted: boolean): void {
    const found = this.#find(word);
    const inverted = this.#skipNot() || isInverted;
    if (inverted && !found.declaration.invert) this.#refuse(word, `${word.text} cannot be inverted`);
    const { type } = found.declaration;
    const start = this.#next;
    const values = Array.from({ length: type.words }, () => this.#word(`a ${type.name} behind ${word.text}`).text);
    const parsed = type.parse(values, 'ipv4');
    if (!parsed.ok) this.#refuse(this.#line.words[start] ?? word, parsed.error);
    else this.#give(found, word, { value: parsed.value, inverted });
  }

  #skipNot(): boolean {
    const isNot = this.#line.words[this.#next]?.text === '!';
    if (isNot) this.#next += 1;
    return isNot;
  }

  #word(what: string): Word {
    const word = this.#line.words[this.#next];
    this.#next += 1;
    return word ?? this.#refuse({ text: '', column: this.#line.text.length }, `expected ${what}; the line ends`);
  }

  #find({ text, column }: Word): FoundOption {
    const target = this.#target?.kind === 'target' ? findBridgeTarget(this.#target.name) : undefined;
    const name = text.replace(/^--?/, '');
    for (const extension of [...BRIDGE_MATCHES, ...BRIDGE_WATCHERS, ...(target ? [target] : [])]) {
      const found = text.startsWith('--') ? longOption(extension, name) : shortOption(extension, text);
      if (found) return { extension, ...found };
    }
    return this.#refuse({ text, column }, text.startsWith('-') ? `unknown option ${text}` : `unexpected "${text}"`);
  }

  #give({ extension, name }: FoundOption, word: Word, given: Given): void {
    const use = this.#useOf(extension, word);
    if (use.options[name] !== undefined) this.#refuse(word, `${word.text} is given twice`);
    use.options[name] = given;
  }

  #useOf(extension: BridgeExtension, { column }: Word): Use {
    const known = this.#uses.find((use) => use.extension === extension);
    if (known) return known;
    const use = { extension, options: {}, column };
    this.#uses.push(use);
    return use;
  }

  #jump(word: Word): void {
    const target = this.#word('a target');
    if (this.#target) this.#refuse(word, `${word.text} is given twice`);
    const verdict = BRIDGE_VERDICTS.find(({ text }) => text === target.text)?.text;
    const extension = findBridgeTarget(target.text);
    if (verdict) this.#target = { kind: 'verdict', verdict };
    else if (extension) {
      this.#target = { kind: 'target', name: extension.name, options: {} };
      this.#useOf(extension, target);
    } else if (this.#isChain(target.text)) this.#target = { kind: 'jump', chain: target.text };
    else this.#refuse(target, `there is no target or chain "${target.text}"`);
  }

  #setCounters(): void {
    const [packets, bytes] = [this.#word('a number of packets'), this.#word('a number of bytes')];
    for (const word of [packets, bytes])
      if (!/^\d+$/.test(word.text)) this.#refuse(word, `"${word.text}" is no number`);
    this.#counters = { packets: Number(packets.text), bytes: Number(bytes.text) };
  }

  #check({ extension, options, column }: Use): void {
    const refusal =
      protocolMissing(extension, this.#conditions()) ?? incomplete(extension, options) ?? extension.refuses?.(options);
    if (refusal) this.#refuse({ text: '', column }, refusal);
  }

  #conditions(): GivenOptions {
    return this.#uses.find(({ extension }) => extension.name === 'builtin')?.options ?? {};
  }

  #refuse({ column }: Word, why: string): never {
    throw new RefusedBridgeText(this.#line.line, column, why);
  }
}

function longOption({ options }: BridgeExtension, wanted: string): Omit<FoundOption, 'extension'> | undefined {
  const found = Object.entries(options).find(([name, { aliases }]) => name === wanted || aliases.includes(wanted));
  return found && { name: found[0], declaration: found[1] };
}

function shortOption({ options }: BridgeExtension, text: string): Omit<FoundOption, 'extension'> | undefined {
  const found = Object.entries(options).find(([, { short }]) => short !== undefined && text === `-${short}`);
  return found && { name: found[0], declaration: found[1] };
}

function protocolMissing({ name, protocols }: BridgeExtension, { protocol }: GivenOptions): string | undefined {
  if (protocols === undefined) return undefined;
  const given = isPlain(protocol) ? etherTypeText(protocol.value as EtherType) : '';
  return protocols.includes(given) ? undefined : `${name} needs -p ${protocols.join(' or ')}`;
}

function incomplete({ options, oneOf = [] }: BridgeExtension, given: GivenOptions): string | undefined {
  const missing = Object.entries(options).find(([name, { required }]) => required && given[name] === undefined);
  if (missing) return `--${missing[0]} is required`;
  const group = oneOf.find((names) => names.filter((name) => given[name] !== undefined).length !== 1);
  return group && `exactly one of ${group.map((name) => `--${name}`).join(', ')} is required`;
}
