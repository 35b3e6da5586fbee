/** Words with a meaning that colour repeats: each tone is one meaning, and never stands without its word or sign. */

/** way: where the packet went; rewritten: addresses; why: what did not match; quiet: said beside something. */
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

export function verdictTone(verdict: string): Tone {
  if (verdict === 'ACCEPT') return 'accepted';
  if (verdict === 'DROP' || verdict === 'REJECT') return 'dropped';
  return /^(SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP)$/.test(verdict) ? 'rewritten' : 'strong';
}
