/** Runs the panel's state without its page: what the extension would do is done at once. */
import { INITIAL, type PanelState, reduce } from '../client/src/webview/state';
import { createDocument } from '../server/src/analysis/document';
import { simulate } from '../server/src/features/simulation';
import { parsePacketLine } from '../src-sim/sim/packet-line';

type Action = Parameters<typeof reduce>[1];

export interface PanelSession {
  readonly state: PanelState;
  dispatch(action: Action): void;
  preset(id: string): void;
  /** Adds a packet behind the selected one. */
  add(line: string): void;
  /** The ruleset becomes another one in the editor. */
  edit(text: string, saved?: boolean): void;
}

export function openPanel(text: string): PanelSession {
  let rules = text;
  let state = INITIAL;

  function answer(turn: number, saved: boolean): void {
    const document = createDocument(rules, { fileName: 'rules.v4' });
    const params = { assume: state.assume, ...(state.packets ? { packets: state.packets } : {}) };
    state = reduce(state, {
      kind: 'message',
      message: { kind: 'answer', turn, answer: simulate(document, params, 1), saved },
    });
  }

  function dispatch(action: Action): void {
    const before = state.turn;
    state = reduce(state, action);
    for (let asked = before; asked !== state.turn; ) {
      asked = state.turn;
      answer(asked, true);
    }
  }

  dispatch({ kind: 'message', message: { kind: 'opened', uri: 'file:///rules.v4', name: 'rules.v4' } });
  return {
    get state() {
      return state;
    },
    dispatch,
    preset: (id) => dispatch({ kind: 'preset', id }),
    add(line) {
      const parsed = parsePacketLine(line);
      if (!parsed.ok) throw new Error(parsed.error);
      dispatch({ kind: 'add', packet: parsed.packet });
    },
    edit(changed, saved = false) {
      rules = changed;
      answer(0, saved);
    },
  };
}
