/** Text for a terminal: colours where they are wanted, and nothing of a file's own that could steer the terminal. */

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  accent(text: string): string;
}

export function styleFor(color: boolean): Style {
  const paint = (code: number) => (text: string) => (color && text !== '' ? `\u001B[${code}m${text}\u001B[0m` : text);
  return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31), warn: paint(33), accent: paint(36) };
}

/** A ruleset is untrusted: control characters and marks that turn the writing's direction are spelt out. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
