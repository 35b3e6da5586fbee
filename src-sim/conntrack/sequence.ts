/** Sequence number arithmetic, RFC 1982: numbers of 32 bits that begin anew. */

/** Whether `a` comes before `b`. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function after(a: number, b: number): boolean {
  return before(b, a);
}
