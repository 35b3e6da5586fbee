/** The service behind the number of a port, where a rule names one port alone. */
import { serviceName } from '../../../src-sim/net/service';
import { type Document, lineAt, sidesOf, spanInDocument } from '../analysis/document';
import type { OptionPart, Span } from '../syntax/tree';

export interface InlayHint {
  readonly offset: number;
  readonly text: string;
}

/** @param span only lines that it touches are looked at */
export function inlayHints(document: Document, span: Span): readonly InlayHint[] {
  const first = lineAt(document, span.start);
  const last = lineAt(document, span.end);
  return sidesOf(document).flatMap(({ tree }) =>
    tree.lines.slice(first, last + 1).flatMap((line, index) => {
      if (line.kind !== 'command') return [];
      return line.parts.flatMap((part) => {
        const text = part.kind === 'option' ? serviceOf(part) : undefined;
        const word = part.kind === 'option' ? part.words[0] : undefined;
        return text && word ? [{ offset: spanInDocument(document, first + index, word.span).end, text }] : [];
      });
    }),
  );
}

function serviceOf({ declaration, words }: OptionPart): string | undefined {
  const written = words[0]?.value ?? '';
  return declaration.type.hasOthers && /^[1-9]\d*$/.test(written) ? serviceName(Number(written)) : undefined;
}
