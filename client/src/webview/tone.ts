/** Words with a meaning that colour repeats: each tone is one meaning, and never stands without its word or sign. */

/** way: the packet's way; conntrack; rewritten: addresses; accepted; dropped; why: what did not match; quiet: beside. */
export type Tone = 'way' | 'conntrack' | 'rewritten' | 'accepted' | 'dropped' | 'why' | 'quiet' | 'strong';

export type Piece = string | { readonly text: string; readonly tone: Tone };

export type Words = readonly Piece[];

export function toned(tone: Tone, text: string): Piece {
  return { text, tone };
}

export function plain(words: Words): string {
  return words.map((piece) => (typeof piece === 'string' ? piece : piece.text)).join('');
}

/** Joins what is there with a middle dot. */
export function dotted(parts: readonly Words[]): Words {
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [' · ', ...part]));
}

const STATES = /\b(NEW|ESTABLISHED|RELATED|INVALID|UNTRACKED)\b/;

/** A sentence with its conntrack states toned. */
export function toneStates(sentence: string): Words {
  return sentence
    .split(STATES)
    .map((part, index): Piece => (index % 2 === 1 ? toned('conntrack', part) : part))
    .filter((piece) => piece !== '');
}

export function verdictTone(verdict: string): Tone {
  if (verdict === 'ACCEPT') return 'accepted';
  if (verdict === 'DROP' || verdict === 'REJECT') return 'dropped';
  return /^(SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP)$/.test(verdict) ? 'rewritten' : 'strong';
}
