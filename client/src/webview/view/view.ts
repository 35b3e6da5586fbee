/** What every part of the page is. */
import type { Action, PanelState } from '../state';

export interface View {
  readonly element: HTMLElement;
  /** Shows a state; called for every one, in order. */
  update(state: PanelState): void;
}

export type Dispatch = (action: Action) => void;

/** Shows a line of the ruleset in the editor; with `focus` the editor takes the keyboard. */
export type Reveal = (line: number, focus: boolean) => void;
