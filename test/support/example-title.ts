/** What an example of an extension says, for the test's name. */
import type { Example } from '../../src-sim/xt/define';

export function exampleTitle(example: Example): string {
  switch (example.kind) {
    case 'accepted':
      return `${example.rule} is saved as ${example.saved}`;
    case 'refused':
      return `${example.rule} is refused: ${example.why}`;
    case 'packet':
      return `${example.rule} ${example.matched ? 'takes' : 'leaves'} ${example.packet}`;
  }
}
