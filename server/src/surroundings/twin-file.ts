/** The ruleset of the other address family that stands beside a ruleset: `rules.v6` beside `rules.v4`. */
import { basename, dirname, join } from 'node:path';
import { createDocument, type Document } from '../analysis/document';
import type { ReadText } from './read-text';

export async function readTwin(path: string, document: Document, readText: ReadText): Promise<Document | undefined> {
  for (const name of twinNames(basename(path))) {
    const text = await readText(join(dirname(path), name));
    const twin = text === undefined ? undefined : createDocument(text, { fileName: name });
    if (twin && twin.tree.family !== document.tree.family) return twin;
  }
  return undefined;
}

const TWINS: readonly (readonly [RegExp, string])[] = [
  [/ip6tables/, 'iptables'],
  [/iptables/, 'ip6tables'],
  [/\bv4\b/, 'v6'],
  [/\bv6\b/, 'v4'],
  [/\bipv4\b/, 'ipv6'],
  [/\bipv6\b/, 'ipv4'],
  [/^(before|after|user)\.rules$/, '$16.rules'],
  [/^(before|after|user)6\.rules$/, '$1.rules'],
];

/** How the other family's file would be called. */
export function twinNames(name: string): readonly string[] {
  return TWINS.filter(([pattern]) => pattern.test(name)).map(([pattern, other]) => name.replace(pattern, other));
}
