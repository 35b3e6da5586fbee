/** Where the pages of lint rules can be read. */

/** The folder of docs/rules on the web, with `/` at its end; undefined as long as the project has no address. */
const PAGES: string | undefined = undefined;

/** Undefined where the page has no address: it is shown offline then, by "Explain" and `chainwalk explain`. */
export function pageAddress(code: string, pages: string | undefined = PAGES): string | undefined {
  return pages === undefined ? undefined : new URL(`${encodeURIComponent(code)}.md`, pages).href;
}
