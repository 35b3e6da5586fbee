/**
 * What the fields of a /proc/net/nf_conntrack line mean, one by one.
 *
 * @kernel net/netfilter/nf_conntrack_standalone.c:ct_seq_show
 */

export interface ConntrackField {
  readonly text: string;
  readonly meaning: string;
}

const TUPLE_KEYS: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'sport',
  'dport',
  'type',
  'code',
  'id',
  'srckey',
  'dstkey',
]);

const MEANINGS: Readonly<Record<string, string>> = {
  '[UNREPLIED]': 'no answer has been seen here; until one is, packets of the first direction are NEW',
  '[ASSURED]': 'traffic in both directions: not thrown out early when the table is full',
  packets: 'packets of this direction (only with `net.netfilter.nf_conntrack_acct=1`)',
  bytes: 'bytes of this direction (only with `net.netfilter.nf_conntrack_acct=1`)',
  mark: 'the mark of the connection, what `connmark` compares',
  zone: 'the conntrack zone, `-j CT --zone`',
  use: 'references that the kernel holds to the entry',
};

/** The fields of a line, tuples taken together. A line of another form gives what could be recognised. */
export function explainConntrackLine(line: string): readonly ConntrackField[] {
  const words = line.trim().split(/\s+/);
  const head = explainHead(words);
  return [...head.fields, ...explainRest(words.slice(head.words))];
}

function explainHead(words: readonly string[]): { readonly fields: readonly ConntrackField[]; readonly words: number } {
  const [family = '', familyNumber = '', protocol = '', protocolNumber = '', seconds = '', state = ''] = words;
  const fields = [
    { text: `${family} ${familyNumber}`, meaning: 'network layer, by name and number' },
    { text: `${protocol} ${protocolNumber}`, meaning: 'protocol, by name and number' },
    { text: seconds, meaning: 'seconds until the entry is forgotten, unless a packet renews it' },
  ];
  if (!/^[A-Z][A-Z_0-9]+$/.test(state)) return { fields, words: 5 };
  const meaning =
    `how far ${protocol.toUpperCase()} itself has come, as conntrack follows it; ` +
    'it is not what `--ctstate` compares';
  return { fields: [...fields, { text: state, meaning }], words: 6 };
}

function explainRest(words: readonly string[]): readonly ConntrackField[] {
  const fields: ConntrackField[] = [];
  let tuples = 0;
  for (let at = 0; at < words.length; ) {
    const length = tupleLength(words, at);
    if (length > 0) fields.push({ text: words.slice(at, at + length).join(' '), meaning: tupleMeaning(tuples++) });
    else fields.push(explainWord(words[at] ?? ''));
    at += Math.max(1, length);
  }
  return fields;
}

/** How many words from `at` on are a tuple. It begins with `src=`. */
function tupleLength(words: readonly string[], at: number): number {
  let end = at;
  while (end < words.length && TUPLE_KEYS.has(keyOf(words[end])) && (end === at) === (keyOf(words[end]) === 'src'))
    end++;
  return end - at;
}

function tupleMeaning(index: number): string {
  return index === 0
    ? 'the original direction: who began, and to whom'
    : 'the reply direction: what an answer must look like to belong to it; where it is not simply the reverse, NAT ' +
        'is at work';
}

function explainWord(word: string): ConntrackField {
  return { text: word, meaning: MEANINGS[word] ?? MEANINGS[keyOf(word)] ?? 'a field of a later kernel or of a module' };
}

function keyOf(word: string | undefined): string {
  return (word ?? '').split('=', 1)[0] ?? '';
}
