/** Where the page of a lint rule, or of a kind of refusal, is opened: an address that an editor or a browser can follow. */
import { findRefusal } from './refusals/registry';
import { findLintRule } from './registry';

/** Undefined for what has no page. */
export type PageAddresses = (code: string) => string | undefined;

/** Its pages are read with "Explain" and `chainwalk explain` alone. */
export const NO_ADDRESSES: PageAddresses = () => undefined;

/**
 * Pages that the editor's extension shows by itself, without a network, as documents of a scheme of its own.
 *
 * @param scheme such as `chainwalk-docs`
 */
export function pagesInEditor(scheme: string): PageAddresses {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) return NO_ADDRESSES;
  return (code) => (hasPage(code) ? `${scheme}:/${code}.md` : undefined);
}

/**
 * The folder docs/rules on the web, or a copy of it.
 *
 * @returns undefined where that is no address of the web
 */
export function pagesAt(folder: string): PageAddresses | undefined {
  const base = URL.canParse(folder) ? new URL(folder.endsWith('/') ? folder : `${folder}/`) : undefined;
  if (base === undefined || !['http:', 'https:'].includes(base.protocol)) return undefined;
  return (code) => {
    if (findLintRule(code)) return new URL(`${code}.md`, base).href;
    const refusal = findRefusal(code);
    return refusal && new URL(`errors.md#${anchorOf(`${code}: ${refusal.title}`)}`, base).href;
  };
}

/** As GitHub and its like call a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function hasPage(code: string): boolean {
  return findLintRule(code) !== undefined || findRefusal(code) !== undefined;
}
