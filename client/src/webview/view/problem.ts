/** What stands in the way of a simulation: a ruleset that would not load, a server that did not answer. */
import type { PanelState } from '../state';
import { h } from './element';
import type { View } from './view';

export function createProblem(): View {
  const element = h('p', { class: 'problem', role: 'alert', hidden: true });
  return {
    element,
    update(state) {
      const text = problemText(state);
      if (text === element.textContent) return;
      element.textContent = text;
      element.hidden = text === '';
    },
  };
}

function problemText({ failure, answer }: PanelState): string {
  if (failure !== undefined) return failure;
  const load = answer?.result.load;
  return load === undefined || load.ok ? '' : `iptables-restore would refuse this ruleset: ${load.error}`;
}
