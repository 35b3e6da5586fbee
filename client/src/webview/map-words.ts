/** What the map says in words: above the picture, and to a reader who cannot see it. */

import type { SimulateAnswer } from '../../../server/src/lsp/protocol';
import { isTableName } from '../../../src-sim/netfilter/hook';
import type { Frame } from '../../../src-sim/sim/trace';
import { ownFrame } from './flow';
import { endpointText } from './packet-words';
import { type PanelState, selectedExchange, shownPassage } from './state';
import { toned, type Words } from './tone';
import type { PlaceName, Way } from './way';

/** What has rules, or is active on this host: a table that the ruleset does not name is not there at all. */
export function presentPlaces(answer: SimulateAnswer | undefined): ReadonlySet<PlaceName> {
  if (answer === undefined) return new Set();
  const tables = answer.outline.map(({ name }) => name).filter(isTableName);
  const tracked = answer.result.packets.some(({ steps }) => steps.some(({ kind }) => kind === 'conntrack'));
  return new Set<PlaceName>([...tables, ...(tracked ? (['conntrack', 'confirm'] as const) : [])]);
}

/** `packet 2 enters as 10.0.0.2:8080 ▸ … and leaves as 203.0.113.1:80 ▸ …` */
export function waySummary(state: PanelState, way: Way | undefined): Words {
  const exchange = selectedExchange(state);
  const passage = shownPassage(state);
  if (exchange === undefined || passage === undefined || way === undefined) return ['No packet yet.'];
  if ('what' in passage)
    return [toned('way', `${passage.what}: ${passage.src} ▸ ${passage.dst}`), endWords(passage.fate)];
  const { packet, result } = exchange;
  const number = `packet ${state.cursor.packet + 1}`;
  const tuple = tupleText(packet);
  const begin = packet.out ? `${number} starts here as ${tuple}` : `${number} enters as ${tuple}`;
  if (way.end.kind === 'walking') return [toned('way', begin)];
  const frame = result.fate.kind === 'sent' ? ownFrame(packet, result, result.fate.device) : undefined;
  if (frame === undefined) return [toned('way', begin), endWords(result.fate)];
  const left = tupleText(frame);
  return [toned('way', `${begin} and leaves ${left === tuple ? 'unchanged' : `as ${left}`}`)];
}

function endWords(fate: {
  readonly kind: string;
  readonly where?: string;
  readonly to?: string;
  readonly device?: string;
}) {
  switch (fate.kind) {
    case 'sent':
      return toned('way', ` and leaves by ${fate.device}`);
    case 'delivered':
      return toned('accepted', ` and is delivered to ${fate.to}`);
    case 'held':
      return ' and is held';
    default:
      return toned('dropped', ` and is ${fate.kind} at ${fate.where}`);
  }
}

function tupleText({
  src,
  dst,
  sport,
  dport,
}: Pick<Frame, 'src' | 'dst'> & { sport?: number; dport?: number }): string {
  return `${endpointText(src, sport)} ▸ ${endpointText(dst, dport)}`;
}

/** The way in one sentence. */
export function mapSentence(way: Way | undefined): string {
  if (way === undefined) return "The map of netfilter's hooks";
  const stops = way.nodes.map((node) => {
    if (node === 'in') return way.inDevice ?? 'in';
    if (node === 'out') return way.outDevice ?? 'out';
    return node === 'process' ? 'local process' : node;
  });
  const end = way.end.kind === 'dropped' || way.end.kind === 'rejected' ? `, ${way.end.kind} there` : '';
  return `The packet's way: ${stops.join(', ')}${end}`;
}
