/**
 * Makes elements. All text goes in as text nodes and attributes, never as markup: what the panel shows comes from
 * rulesets that anybody may have written.
 */
import type { Piece, Words } from '../tone';

export type Child = Node | string | undefined;

/** Attributes by name; `undefined` and `false` leave one out, `true` sets it empty; `on…` listens. */
export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined | ((event: never) => void);
}

const SVG = 'http://www.w3.org/2000/svg';

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Words as spans, each with its tone's class. */
export function wordNodes(words: Words): readonly Node[] {
  return words.map(pieceNode);
}

/** The same for code: lines break between its words only, never behind a hyphen. */
export function codeNodes(words: Words): readonly Node[] {
  return words.map((piece) => {
    const [text, className] = typeof piece === 'string' ? [piece, undefined] : [piece.text, `tone-${piece.tone}`];
    const parts = text.split(/(\s+)/).map((part) => (/\S/.test(part) ? h('span', { class: 'word' }, part) : part));
    return h('span', { class: className }, ...parts);
  });
}

function pieceNode(piece: Piece): Node {
  if (typeof piece === 'string') return document.createTextNode(piece);
  return h('span', { class: `tone-${piece.tone}` }, piece.text);
}

function fill<Made extends Element>(element: Made, attributes: Attributes, children: readonly Child[]): Made {
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A drawing that runs only where what it depends on is not what it was: parts of the page that stay keep the focus. */
export function whenChanged<State>(
  dependsOn: (state: State) => readonly unknown[],
  draw: (state: State) => void,
): (state: State) => void {
  let last: readonly unknown[] | undefined;
  return (state) => {
    const values = dependsOn(state);
    if (last?.every((value, index) => Object.is(value, values[index]))) return;
    last = values;
    draw(state);
  };
}
