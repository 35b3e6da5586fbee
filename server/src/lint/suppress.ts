/** Silences findings that the ruleset's own comments disable, and keeps count of what each comment silenced. */
import { type Document, lineAt } from '../analysis/document';
import type { LintRule } from './define';
import type { Finding } from './finding';
import { ALL_RULES, readSuppressions, type SuppressedName, type Suppression } from './suppressions';

type NamedRule = Pick<LintRule, 'code' | 'group'>;

/** A name of a comment, and whether it did anything. */
export interface SuppressionUse {
  readonly suppression: Suppression;
  readonly name: SuppressedName;
  /** Undefined where nobody can tell: the rules that it names did not run. */
  readonly isUsed: boolean | undefined;
}

/** @param ran the rules whose findings are looked at */
export class Suppressions {
  readonly all: readonly Suppression[];
  readonly #document: Document;
  readonly #ran: readonly NamedRule[];
  readonly #byLine: ReadonlyMap<number, readonly Suppression[]>;
  readonly #used = new Set<SuppressedName>();

  constructor(document: Document, ran: readonly NamedRule[]) {
    this.all = readSuppressions(document);
    this.#document = document;
    this.#ran = ran;
    this.#byLine = byNextLine(document, this.all);
  }

  /** Marks those findings of a rule that a comment silences. */
  marked(rule: NamedRule, findings: readonly Finding[]): readonly Finding[] {
    if (this.all.length === 0 || findings.length === 0) return findings;
    return findings.map((finding) => {
      const by = this.#silencer(rule, lineAt(this.#document, finding.span.start));
      if (by === undefined) return finding;
      this.#used.add(by.name);
      return { ...finding, suppressed: { reason: by.suppression.reason } };
    });
  }

  uses(): readonly SuppressionUse[] {
    return this.all.flatMap((suppression) =>
      suppression.names.map((name) => ({ suppression, name, isUsed: this.#isUsed(suppression, name) })),
    );
  }

  #silencer(rule: NamedRule, line: number): Naming | undefined {
    const next = namings(this.#byLine.get(line) ?? [], rule)[0];
    const last = namings(this.all, rule)
      .filter(({ suppression }) => isBlock(suppression) && suppression.line < line)
      .at(-1);
    const file = namings(this.all, rule).find(({ suppression }) => suppression.kind === 'file');
    return next ?? (last?.suppression.kind === 'begin' ? last : undefined) ?? file;
  }

  #isUsed(suppression: Suppression, name: SuppressedName): boolean | undefined {
    const named = this.#ran.filter((rule) => isNamed(rule, name));
    if (named.length === 0 || suppression.kind === undefined) return undefined;
    return suppression.kind === 'end' ? this.#endsSomething(suppression, named) : this.#used.has(name);
  }

  #endsSomething({ line }: Suppression, rules: readonly NamedRule[]): boolean {
    const before = this.all.filter((one) => one.kind === 'begin' && one.line < line);
    return rules.some((rule) => namings(before, rule).length > 0);
  }
}

interface Naming {
  readonly suppression: Suppression;
  readonly name: SuppressedName;
}

function namings(suppressions: readonly Suppression[], rule: NamedRule): readonly Naming[] {
  return suppressions.flatMap((suppression) => {
    const name = suppression.names.find((one) => isNamed(rule, one));
    return name === undefined ? [] : [{ suppression, name }];
  });
}

function isNamed({ code, group }: NamedRule, { text }: SuppressedName): boolean {
  return text === code || text === group || text === ALL_RULES;
}

function isBlock({ kind }: Suppression): boolean {
  return kind === 'begin' || kind === 'end';
}

function byNextLine(
  document: Document,
  suppressions: readonly Suppression[],
): ReadonlyMap<number, readonly Suppression[]> {
  const found = new Map<number, Suppression[]>();
  for (const suppression of suppressions) {
    if (suppression.kind !== 'next-line') continue;
    const line = nextLine(document, suppression.line);
    found.set(line, [...(found.get(line) ?? []), suppression]);
  }
  return found;
}

/** The line that a comment speaks of: comments and blank lines between do not count. */
function nextLine({ tree: { lines } }: Document, from: number): number {
  let line = from + 1;
  while (lines[line]?.kind === 'comment' || lines[line]?.kind === 'blank') line += 1;
  return line;
}
