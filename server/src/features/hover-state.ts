/** The hover of a state: what `--ctstate` matches there, what not, and the conntrack entry that carries it. */
import { explainConntrackLine } from './conntrack-fields';
import { bullets, code, fence, paragraphs } from './markdown';
import { conntrackWay } from './packet-way';
import { STATE_WORDS, type StateWordName } from './state-words';

/** @param table the table in which the word stands: in raw no packet has a state yet. */
export function describeState(name: StateWordName, table: string | undefined): string {
  const { matches, not } = STATE_WORDS[name];
  return paragraphs(
    `**${name}** — a state of conntrack`,
    describeHere(name, table),
    matches,
    '**What it is not**',
    bullets(not),
    '**Its entry in the conntrack table**',
    describeEntryOf(name),
    '**Where conntrack sits**',
    'After `raw`, before everything else; the entry is confirmed once the packet has got through.',
    conntrackWay(),
  );
}

/** Which entries carry the state, with a sample. */
export function describeEntryOf(name: StateWordName): string {
  const { entry, sample } = STATE_WORDS[name];
  return paragraphs(entry, sample && describeEntry(sample));
}

/** A line of /proc/net/nf_conntrack with each of its fields explained. */
function describeEntry(line: string): string {
  const fields = explainConntrackLine(line).map(({ text, meaning }) => `${code(text)} — ${meaning}`);
  return paragraphs(fence('nf-conntrack', line), bullets(fields));
}

/** Where a table makes the state another thing than people expect. */
function describeHere(name: StateWordName, table: string | undefined): string | undefined {
  if (table === 'raw') return name === 'UNTRACKED' ? UNTRACKED_IN_RAW : RAW;
  if (table === 'nat') return NAT;
  return undefined;
}

const RAW = '**Here in `raw` conntrack has not seen the packet yet: every packet is INVALID, whatever its flow.**';

const UNTRACKED_IN_RAW =
  'Here in `raw` it matches only behind a rule that has already taken the packet out of conntrack.';

const NAT =
  '**Here in `nat` only the first packet of a flow comes by: it is NEW, and never ESTABLISHED, INVALID or ' +
  'UNTRACKED.**';
