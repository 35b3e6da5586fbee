/**
 * Asks the server for simulations on the panel's behalf: one at a time, again when the ruleset was edited, and never
 * shows the answer to a text that is no longer there.
 */
import { Disposable, type TextDocument, type Uri, workspace } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { SIMULATE, type SimulateAnswer, type SimulateParams } from '../../server/src/lsp/protocol';
import type { FromPanel, ToPanel } from './webview/messages';

type Question = Extract<FromPanel, { kind: 'simulate' }>;

export interface SimulationRun {
  /** The panel's page has been loaded: what was asked before is forgotten. */
  begin(): void;
  ask(question: Question): void;
  dispose(): void;
}

/** Milliseconds without typing before the simulation runs again. */
const PAUSE = 200;

export function createSimulationRun(
  client: LanguageClient,
  uri: Uri,
  chain: string | undefined,
  post: (message: ToPanel) => void,
): SimulationRun {
  let question: Question | undefined;
  let answeredTurn = 0;
  let isRunning = false;
  let isStale = false;
  let isDisposed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Runs until what was answered is what was asked last, of the text as it is. */
  async function run(): Promise<void> {
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isStale && question && !isDisposed) {
        isStale = false;
        await answer(question);
      }
    } catch (failure) {
      post({ kind: 'failed', message: failure instanceof Error ? failure.message : String(failure) });
    } finally {
      isRunning = false;
    }
  }

  async function answer(asked: Question): Promise<void> {
    const document = await workspace.openTextDocument(uri);
    const params: SimulateParams = {
      uri: client.code2ProtocolConverter.asUri(document.uri),
      ...(asked.packets ? { packets: asked.packets } : {}),
      ...(chain === undefined ? {} : { chain }),
    };
    const answer = await client.sendRequest<SimulateAnswer | null>(SIMULATE, params);
    if (question !== asked || isDisposed) return;
    if (answer === null) {
      post({ kind: 'failed', message: 'This file is not open as an iptables ruleset.' });
    } else if (answer.version === document.version) {
      post({ kind: 'answer', turn: asked.turn === answeredTurn ? 0 : asked.turn, answer, saved: !document.isDirty });
      answeredTurn = asked.turn;
    } else {
      soon();
    }
  }

  function soon(): void {
    clearTimeout(timer);
    timer = setTimeout(run, PAUSE);
  }

  const onEdit = ({ uri: changed }: Pick<TextDocument, 'uri'>): void => {
    if (changed.toString() === uri.toString()) soon();
  };
  const subscriptions = Disposable.from(
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) onEdit(document);
    }),
    workspace.onDidSaveTextDocument(onEdit),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('chainwalk', uri)) soon();
    }),
  );

  return {
    begin() {
      question = undefined;
      answeredTurn = 0;
    },
    ask(next) {
      question = next;
      void run();
    },
    dispose() {
      isDisposed = true;
      clearTimeout(timer);
      subscriptions.dispose();
    },
  };
}
