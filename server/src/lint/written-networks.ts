/** Addresses of `-s` and `-d` as they are written, which is more than iptables keeps of them. */
import { type Address, maskAddress, parseAddress, prefixLength, prefixMask } from '../../../src-sim/net/address';
import type { Document } from '../analysis/document';
import type { OptionPart, Span } from '../syntax/tree';
import { type RuleLine, ruleLines } from './rule-lines';

export interface WrittenNetwork {
  readonly rule: RuleLine;
  readonly part: OptionPart;
  /** Within the line. */
  readonly span: Span;
  readonly text: string;
  readonly address: Address;
  readonly mask: Address;
}

/** A mask that is not a host's: lines without one need not be parsed. */
const HAS_NETWORK = /\/(?!(?:32|128)\b)[\da-f:]/i;

const known = new WeakMap<Document['tree'], readonly WrittenNetwork[]>();

/** Those that stand there with a mask; an address alone says what it is. */
export function writtenNetworks({ tree }: Pick<Document, 'tree'>): readonly WrittenNetwork[] {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const lines = ruleLines({ tree });
  const rules = new Set([...lines.conditioned('source'), ...lines.conditioned('destination')]);
  const found = [...rules]
    .filter(({ line }) => HAS_NETWORK.test(line.text))
    .sort((a, b) => a.number - b.number)
    .flatMap((rule) => (rule.uses.builtin?.parts ?? []).flatMap((part) => networksIn(rule, part)));
  known.set(tree, found);
  return found;
}

function networksIn(rule: RuleLine, part: OptionPart): readonly WrittenNetwork[] {
  const [word] = part.words;
  if ((part.option !== 'source' && part.option !== 'destination') || word === undefined) return [];
  // A word with quotes cannot be taken apart by its letters.
  if (part.value === undefined || word.span.end - word.span.start !== word.value.length) return [];
  let start = word.span.start;
  return word.value.split(',').flatMap((text) => {
    const span = { start, end: start + text.length };
    start = span.end + 1;
    const [addressText = '', maskText] = text.split('/');
    const address = parseAddress(addressText);
    const mask = address === undefined || maskText === undefined ? undefined : maskOf(maskText, address);
    return address === undefined || mask === undefined ? [] : [{ rule, part, span, text, address, mask }];
  });
}

function maskOf(text: string, address: Address): Address | undefined {
  const isSix = address.includes(':');
  if (/^\d{1,3}$/.test(text))
    return Number(text) <= (isSix ? 128 : 32) ? prefixMask(Number(text), isSix ? 'ipv6' : 'ipv4') : undefined;
  const mask = parseAddress(text);
  return mask !== undefined && mask.includes(':') === isSix ? mask : undefined;
}

/** `10.0.0.0/8`: the network that the address is in. */
export function networkText({ address, mask }: Pick<WrittenNetwork, 'address' | 'mask'>): string {
  return `${maskAddress(address, mask)}/${prefixLength(mask) ?? mask}`;
}
