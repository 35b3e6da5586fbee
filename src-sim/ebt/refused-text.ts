/** `ebtables-restore` would not take the text. */
export class RefusedBridgeText extends Error {
  /** Both from 0. */
  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
  ) {
    super(message);
  }
}
