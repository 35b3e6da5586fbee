/** The host, as it is described, cannot load a rule: something that the rule names is not there. */
export class RefusedRule extends Error {
  /** @param line 0-based line of the ruleset's text */
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}
