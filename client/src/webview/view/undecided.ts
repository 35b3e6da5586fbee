/** What the simulator could not decide, and the buttons by which the reader says what is taken. */
import type { Choice, Undecided } from '../../../../src-sim/sim/undecided';
import { undecidedText } from '../../../../src-sim/sim/undecided';
import { h } from './element';
import type { Dispatch } from './view';

interface Taken {
  readonly label: string;
  readonly value: NonNullable<Choice['chosen']>;
  /** What the simulator takes where nobody chose. */
  readonly isUsual?: true;
}

const CHOICES: Readonly<Record<Choice['of'], readonly Taken[]>> = {
  match: [
    { label: 'does not match', value: false, isUsual: true },
    { label: 'matches', value: true },
  ],
  target: [
    { label: 'goes on', value: 'continue', isUsual: true },
    { label: 'accepts', value: 'accept' },
    { label: 'drops', value: 'drop' },
  ],
};

export function undecidedNode(undecided: Undecided, dispatch: Dispatch): HTMLElement {
  const { choice } = undecided;
  const said = [h('b', {}, 'Not sure: '), undecidedText(undecided)];
  return h('div', { class: 'unsure' }, h('p', {}, ...said), choice && choiceNode(choice, dispatch));
}

function choiceNode(choice: Choice, dispatch: Dispatch): HTMLElement {
  const { of, place, chosen } = choice;
  const buttons = CHOICES[of].map(({ label, value, isUsual }) => {
    const isTaken = chosen === undefined ? isUsual === true : chosen === value;
    const onclick = () => dispatch({ kind: 'assume', place, taken: value });
    return h('button', { type: 'button', class: 'link', 'aria-pressed': String(isTaken), onclick }, label);
  });
  const what = h('span', { class: 'code' }, place);
  const attributes = { class: 'filter', role: 'group', 'aria-label': 'What is taken', 'data-place': place };
  return h('p', {}, 'take it that ', what, ' ', h('span', attributes, ...buttons));
}
