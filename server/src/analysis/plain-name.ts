/** Names of chains that neither the parser nor iptables has anything to say about, wherever they stand. */
import { MAX_CHAIN_NAME_BYTES } from '../syntax/chain-name';

/** Printable ASCII without blanks and quotes that does not begin as an option does. */
export function isPlainName(name: string): boolean {
  if (name === '' || name.length > MAX_CHAIN_NAME_BYTES || beginsOption(name)) return false;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code <= BLANK || code >= DELETE || code === QUOTE) return false;
  }
  return true;
}

/** Whether a word may be taken for an option, or for its negation. */
export function beginsOption(word: string): boolean {
  const first = word.charCodeAt(0);
  return first === DASH || first === BANG;
}

const BLANK = 0x20;
const BANG = 0x21;
const QUOTE = 0x22;
const DASH = 0x2d;
const DELETE = 0x7f;
