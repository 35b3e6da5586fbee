/** What stands in the way of a simulation: a ruleset that would not load, a server that did not answer. */
import type { PanelState } from '../state';
import { h, whenChanged } from './element';
import type { Reveal, View } from './view';

export function createProblem(reveal: Reveal): View {
  const text = h('span', {});
  const show = h('button', { type: 'button', class: 'link' }, 'show');
  const element = h('p', { class: 'problem', role: 'alert', hidden: true }, text, ' ', show);
  let line: number | undefined;
  show.addEventListener('click', () => {
    if (line !== undefined) reveal(line, true);
  });
  return {
    element,
    update: whenChanged<PanelState>(
      ({ failure, answer }) => [failure, answer],
      (state) => {
        const problem = problemOf(state);
        line = problem?.line;
        text.textContent = problem?.text ?? '';
        show.hidden = line === undefined;
        element.hidden = problem === undefined;
      },
    ),
  };
}

interface Problem {
  readonly text: string;
  /** 0-based. */
  readonly line: number | undefined;
}

function problemOf({ failure, answer }: PanelState): Problem | undefined {
  if (failure !== undefined) return { text: failure, line: undefined };
  const load = answer?.result.load;
  if (load === undefined || load.ok) return undefined;
  const [, line, message] = /^(\d+):\d+: (.*)$/s.exec(load.error) ?? [];
  if (line === undefined) return { text: load.error, line: undefined };
  const rest = 'What you see here is what the rest of it does.';
  const stop = /[.?!]$/.test(message ?? '') ? '' : '.';
  return { text: `iptables-restore would refuse line ${line}: ${message}${stop} ${rest}`, line: Number(line) - 1 };
}
