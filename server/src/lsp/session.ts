/** What the server remembers between two requests: open documents, their settings and their latest diagnostics. */
import type { DidChangeTextDocumentParams } from 'vscode-languageserver/node';
import { type Document, isLong } from '../analysis/document';
import { type Hints, NO_HINTS } from '../analysis/hints';
import type { Action } from '../features/code-actions';
import { codeActions } from '../features/code-actions';
import { type Diagnostic, problemSlices } from '../features/diagnostics';
import { editedDiagnostics } from '../features/edited-diagnostics';
import { NO_ADDRESSES, type PageAddresses } from '../lint/page-address';
import { mergeChoices } from '../lint/severities';
import { NOTHING_AROUND, type Surroundings, surroundedHints } from '../project/surrounded-hints';
import type { Span } from '../syntax/tree';
import type { EditAbilities } from './convert-actions';
import type { LintQuestion } from './lint-messages';
import { type OpenDocument, OpenDocuments } from './open-documents';
import { ProjectDocuments } from './project-documents';
import { NO_SETTINGS, type Settings } from './settings';

interface Known {
  readonly version: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** What is asked of the world outside: nothing where it cannot be had. */
export interface World {
  settingsOf(uri: string): Promise<Settings>;
  /** What files beside a ruleset say. */
  surroundingsOf(uri: string, document: Document): Promise<Surroundings>;
}

export class Session {
  readonly documents = new OpenDocuments();
  readonly projects = new ProjectDocuments();
  /** What the editor said of itself. */
  editAbilities: EditAbilities = { annotations: false, snippets: false };
  /** Those that the editor shows by itself. */
  pagesInEditor: PageAddresses = NO_ADDRESSES;
  readonly #world: World;
  readonly #settings = new Map<string, Settings>();
  readonly #surroundings = new Map<string, Surroundings>();
  readonly #known = new Map<string, Known>();
  /** Documents that are not for the linter. */
  readonly #unlinted = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Asks again for what stands outside of the text. */
  async refresh(uri: string): Promise<void> {
    const open = this.documents.get(uri);
    if (open === undefined) return;
    const [settings, surroundings] = await Promise.all([
      this.#world.settingsOf(uri),
      this.#world.surroundingsOf(uri, open.document),
    ]);
    this.#settings.set(uri, settings);
    this.#surroundings.set(uri, surroundings);
  }

  close(uri: string): void {
    this.documents.close(uri);
    for (const map of [this.#settings, this.#surroundings, this.#known, this.#unlinted]) map.delete(uri);
  }

  /** Of a file that the editor has open. */
  textOf(uri: string): string | undefined {
    return this.documents.get(uri)?.document.text ?? this.projects.textOf(uri);
  }

  /** The document, unless the settings say to leave it alone. */
  served(uri: string): OpenDocument | undefined {
    const open = this.documents.get(uri);
    const { shellScripts } = this.#settings.get(uri) ?? NO_SETTINGS;
    return open?.document.dialect === 'script' && !shellScripts ? undefined : open;
  }

  pagesOf(uri: string): PageAddresses {
    return this.#settings.get(uri)?.pages ?? this.pagesInEditor;
  }

  showsInlayHints(uri: string): boolean {
    return (this.#settings.get(uri) ?? NO_SETTINGS).inlayHints;
  }

  hintsOf(uri: string, document = this.documents.get(uri)?.document): Hints {
    const { host } = this.#settings.get(uri) ?? NO_SETTINGS;
    return document ? surroundedHints(document, host, this.#around(uri)) : NO_HINTS;
  }

  /** What is wrong without the linter. */
  *problemSlices(uri: string): Generator<readonly Diagnostic[]> {
    const open = this.served(uri);
    this.#unlinted.delete(uri);
    if (open && !(yield* problemSlices(open.document, this.hintsOf(uri)))) this.#unlinted.add(uri);
  }

  /** What the linter must know; undefined where it has nothing to do, as the problems have shown. */
  lintQuestion(uri: string): LintQuestion | undefined {
    const document = this.served(uri)?.document;
    if (document === undefined || this.#unlinted.has(uri)) return undefined;
    const { host, choices } = this.#settings.get(uri) ?? NO_SETTINGS;
    const surroundings = this.#around(uri);
    return { document, setting: host, surroundings, choices: mergeChoices(surroundings.project.choices, choices) };
  }

  /**
   * The editor's changes are made. In a long file, what is known of it at once: the whole of it is looked at later.
   * Undefined in a short one, and where nothing was known before.
   */
  change(params: DidChangeTextDocumentParams): readonly Diagnostic[] | undefined {
    const { uri } = params.textDocument;
    const known = this.#known.get(uri);
    const wasKnown = known !== undefined && known.version === this.documents.get(uri)?.version;
    const edits = this.documents.change(params);
    const open = this.documents.get(uri);
    if (!wasKnown || open?.document.dialect !== 'restore' || !isLong(open.document)) return undefined;
    const diagnostics = edits.reduce((before, edit) => editedDiagnostics(before, edit), known.diagnostics);
    this.remember(open, diagnostics);
    return diagnostics;
  }

  remember({ uri, version }: OpenDocument, diagnostics: readonly Diagnostic[]): void {
    this.#known.set(uri, { version, diagnostics });
  }

  /** One of the diagnostics that were sent last for this version. */
  finding(uri: string, version: number, index: number): Diagnostic | undefined {
    const known = this.#known.get(uri);
    return known?.version === version ? known.diagnostics[index] : undefined;
  }

  indexOf(uri: string, diagnostic: Diagnostic): number {
    return this.#known.get(uri)?.diagnostics.indexOf(diagnostic) ?? -1;
  }

  /** Of the latest diagnostics. Where the text has been edited since, of problems alone: new findings are on their way. */
  codeActions({ uri, version, document }: OpenDocument, span: Span): readonly Action[] {
    const known = this.#known.get(uri);
    // Of a long file an edit keeps what is known; before anything is, nobody waits for all of it.
    const found = () => (isLong(document) ? [] : [...problemSlices(document, this.hintsOf(uri))].flat());
    const diagnostics = known?.version === version ? known.diagnostics : found();
    return codeActions(document, diagnostics, span);
  }

  #around(uri: string): Surroundings {
    return this.#surroundings.get(uri) ?? NOTHING_AROUND;
  }
}
