/** What the option whose value is being written takes. */
import { type Document, sideAt } from '../analysis/document';
import { completionContext } from './completion-context';
import { describeOptionBriefly, optionUsage } from './markdown';

export interface Signature {
  /** `[!] --match-set <name> <src|dst…>` */
  readonly label: string;
  /** Markdown. */
  readonly documentation: string;
  /** The part of the label that stands for the value. */
  readonly parameter: string;
}

export function signature(whole: Document, offset: number): Signature | undefined {
  const document = sideAt(whole, offset);
  const wanted = completionContext(document, offset)?.wanted;
  if (wanted?.kind !== 'value') return undefined;
  const { option, declaration, extension } = wanted.part;
  return {
    label: optionUsage(option, declaration),
    documentation: describeOptionBriefly(extension, option, declaration),
    parameter: `<${declaration.type.name}>`,
  };
}
