/**
 * Asks the server for simulations on the panel's behalf: one at a time, again when the ruleset was edited, and never
 * shows the answer to a text that is no longer there.
 */
import { Disposable, type Uri, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { SIMULATE, type SimulateAnswer, type SimulateParams } from '../../server/src/lsp/protocol';
import type { HostDescription } from '../../src-sim/sim/scenario';
import type { FromPanel, ToPanel } from './webview/messages';

type Question = Extract<FromPanel, { kind: 'simulate' }>;

/** Milliseconds without typing before the simulation runs again. */
const PAUSE = 200;

export class SimulationRun {
  #question: Question | undefined;
  #answeredTurn = 0;
  #isRunning = false;
  /** What was answered is no longer what would be: asked anew, or the text has changed. */
  #isStale = false;
  #isDisposed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #subscriptions: Disposable;

  /** @param from what the server suggests at first should reach the chain; a host other than the one it would suggest */
  constructor(
    private readonly client: LanguageClient,
    private readonly uri: Uri,
    private readonly from: { readonly chain: string | undefined; readonly host: HostDescription | undefined },
    private readonly post: (message: ToPanel) => void,
  ) {
    const isOurs = (other: Uri): boolean => other.toString() === uri.toString();
    this.#subscriptions = Disposable.from(
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && isOurs(document.uri)) this.#soon();
      }),
      workspace.onDidSaveTextDocument((document) => {
        if (isOurs(document.uri)) this.#soon();
      }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('chainwalk', uri)) this.#soon();
      }),
    );
  }

  /** The panel's page has been loaded: what was asked before is forgotten. */
  begin(): void {
    this.#question = undefined;
    this.#answeredTurn = 0;
  }

  ask(question: Question): void {
    this.#question = question;
    void this.#run();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#subscriptions.dispose();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), PAUSE);
  }

  /** Runs until what was answered is what was asked last. */
  async #run(): Promise<void> {
    this.#isStale = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isStale && this.#question && !this.#isDisposed) {
        this.#isStale = false;
        await this.#answer(this.#question);
      }
    } catch (failure) {
      this.post({ kind: 'failed', message: failure instanceof Error ? failure.message : String(failure) });
    } finally {
      this.#isRunning = false;
    }
  }

  async #answer(question: Question): Promise<void> {
    const document = await workspace.openTextDocument(this.uri);
    const params: SimulateParams = {
      uri: this.client.code2ProtocolConverter.asUri(document.uri),
      ...(question.packets ? { packets: question.packets } : {}),
      ...(question.assume ? { assume: question.assume } : {}),
      ...(this.from.chain === undefined ? {} : { chain: this.from.chain }),
      ...(this.from.host === undefined ? {} : { host: this.from.host }),
    };
    const answer = await this.client.sendRequest<SimulateAnswer | null>(SIMULATE, params);
    if (this.#question !== question || this.#isDisposed) return;
    if (answer === null) {
      this.post({ kind: 'failed', message: 'This file is not open as an iptables ruleset.' });
    } else if (answer.version === document.version) {
      const turn = question.turn === this.#answeredTurn ? 0 : question.turn;
      this.post({ kind: 'answer', turn, answer, saved: !document.isDirty });
      this.#answeredTurn = question.turn;
      // What was suggested is the panel's own from here on: an edit must not suggest something else.
      this.#question = { ...question, packets: answer.packets };
    } else {
      this.#soon();
    }
  }
}
