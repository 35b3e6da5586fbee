/**
 * Opaque words: a variable of a shell or the place-holder of a template. Only who runs the script or fills the template
 * in knows what they are, so nothing is ever held against them.
 */
import { builtinOption } from './option-scope';
import type { CommandLine, RulePart, Word } from './tree';

const PROTOCOL = builtinOption('p');

export function isOpaque(word: Word | undefined): boolean {
  return word?.opaqueFrom !== undefined;
}

/** Whether anything else may stand in the rule beside what is read of it: other options, matches, a target. */
export function isOpenRule({ parts }: CommandLine): boolean {
  return parts.some(holdsMore);
}

function holdsMore(part: RulePart): boolean {
  switch (part.kind) {
    case 'unknown':
      return part.words.some(isOpaque);
    case 'match':
    case 'jump':
    case 'goto':
      return isOpaque(part.name);
    case 'option':
      return part.declaration === PROTOCOL?.declaration && part.words.some(isOpaque);
    default:
      return false;
  }
}

/** A command that is sure to be run, with nothing opaque in it. */
export function isPlainCommand({ unsure, chain, position, argument, parts }: CommandLine): boolean {
  const words = [chain, position, argument, ...parts.flatMap(wordsOf)];
  return unsure === undefined && !words.some(isOpaque);
}

function wordsOf(part: RulePart): readonly (Word | undefined)[] {
  return 'words' in part ? part.words : [part.name];
}
