/** What the server remembers between two requests: open documents, their settings and their latest diagnostics. */
import { type Hints, NO_HINTS, readHints } from '../analysis/hints';
import type { Action } from '../features/code-actions';
import { codeActions } from '../features/code-actions';
import { type Diagnostic, diagnosticSlices } from '../features/diagnostics';
import type { Span } from '../syntax/tree';
import { type OpenDocument, OpenDocuments } from './open-documents';
import { NO_SETTINGS, type Settings } from './settings';

interface Known {
  readonly version: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** What is asked of the world outside: nothing where it cannot be had. */
export interface Surroundings {
  settingsOf(uri: string): Promise<Settings>;
  /** Text of an `ipvsadm -S` file beside a ruleset. */
  ipvsadmBeside(uri: string): Promise<string | undefined>;
}

export class Session {
  readonly documents = new OpenDocuments();
  readonly #surroundings: Surroundings;
  readonly #settings = new Map<string, Settings>();
  readonly #ipvsadm = new Map<string, string | undefined>();
  readonly #known = new Map<string, Known>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Asks again for what stands outside of the text. */
  async refresh(uri: string): Promise<void> {
    const [settings, ipvsadm] = await Promise.all([
      this.#surroundings.settingsOf(uri),
      this.#surroundings.ipvsadmBeside(uri),
    ]);
    this.#settings.set(uri, settings);
    this.#ipvsadm.set(uri, ipvsadm);
  }

  close(uri: string): void {
    this.documents.close(uri);
    for (const map of [this.#settings, this.#ipvsadm, this.#known]) map.delete(uri);
  }

  hintsOf(uri: string): Hints {
    const open = this.documents.get(uri);
    const { host } = this.#settings.get(uri) ?? NO_SETTINGS;
    return open ? readHints(open.document, host, this.#ipvsadm.get(uri)) : NO_HINTS;
  }

  *diagnosticSlices(uri: string): Generator<readonly Diagnostic[]> {
    const open = this.documents.get(uri);
    if (open === undefined) return;
    const { choices } = this.#settings.get(uri) ?? NO_SETTINGS;
    for (const slice of diagnosticSlices(open.document, this.hintsOf(uri), { choices })) {
      yield slice.filter(({ suppressed }) => suppressed === undefined);
    }
  }

  remember({ uri, version }: OpenDocument, diagnostics: readonly Diagnostic[]): void {
    this.#known.set(uri, { version, diagnostics });
  }

  /** From the latest diagnostics; where the text has been edited since, from fresh ones. */
  codeActions({ uri, version, document }: OpenDocument, span: Span): readonly Action[] {
    const known = this.#known.get(uri);
    const diagnostics = known?.version === version ? known.diagnostics : [...this.diagnosticSlices(uri)].flat();
    return codeActions(document, diagnostics, span);
  }
}
