/** Reads a text in its dialect. */
import type { Family } from '../../../../src-sim/net/address';
import { parse } from '../parse';
import { type Dialect, type DressedText, lineStartsOf } from './dialect';
import { readListing } from './listing';
import { readShellScript } from './shell-script';
import { readTemplate } from './template';

export function readDressed(text: string, dialect: Dialect, family: Family): DressedText {
  switch (dialect) {
    case 'script':
      return readShellScript(text);
    case 'listing':
      return readListing(text, family);
    case 'template':
      return readTemplate(text, family);
    default: {
      const tree = parse(text, family);
      const trees = [dialect === 'ufw' ? { ...tree, chainsElsewhere: 'ufw' as const } : tree] as const;
      return { trees, starts: lineStartsOf(tree.lines) };
    }
  }
}
