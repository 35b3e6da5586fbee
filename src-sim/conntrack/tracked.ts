/** What tracking a packet came to. `text` says it to a person. */
export type Tracked =
  /** `timeout` in seconds; absent: the entry's stays as it is. */
  | { readonly kind: 'accepted'; readonly text: string; readonly timeout?: number; readonly destroy?: boolean }
  /** The packet is let through without being part of the entry: state INVALID. */
  | { readonly kind: 'invalid'; readonly text: string; readonly timeout?: number }
  /** The entry was closed and this packet opens it anew: delete it and look up again. */
  | { readonly kind: 'repeat'; readonly text: string };
