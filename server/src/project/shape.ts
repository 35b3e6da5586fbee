/** What a value of `chainwalk.yaml` may look like: reading, the JSON schema and completion follow the same declaration. */

export type Shape =
  | { readonly kind: 'text'; readonly placeholder: string; readonly refuses?: Refuses }
  /** One of a few words, each with what it means. */
  | { readonly kind: 'choice'; readonly choices: Readonly<Record<string, string>> }
  /** `yes`, `no`, `true`, `false`. */
  | { readonly kind: 'flag' }
  /** A number, or words where it holds several. */
  | { readonly kind: 'number-or-text'; readonly placeholder: string }
  /** A single value will do for a list of one. */
  | { readonly kind: 'list'; readonly of: Shape }
  /** Whatever keys there are. */
  | { readonly kind: 'map'; readonly of: Shape; readonly key: string; readonly refusesKey?: Refuses }
  | RecordShape;

export interface RecordShape {
  readonly kind: 'record';
  readonly keys: Readonly<Record<string, KeyShape>>;
  readonly required?: readonly string[];
}

export interface KeyShape {
  readonly summary: string;
  readonly value: Shape;
}

/** Undefined: the text will do; otherwise what is wrong with it. */
export type Refuses = (text: string) => string | undefined;

export const FLAG_WORDS: Readonly<Record<string, boolean>> = { yes: true, no: false, true: true, false: false };
