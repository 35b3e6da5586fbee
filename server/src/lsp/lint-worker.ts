/** In the thread: answers questions one after the other, in slices between which it hears of withdrawals. */
import { isMainThread, parentPort } from 'node:worker_threads';
import { createDocument, type Document, editDocument } from '../analysis/document';
import { fixAllEdit } from '../features/code-actions';
import { type Diagnostic, findingSlices } from '../features/diagnostics';
import { worstFindings } from '../features/worst-findings';
import { surroundedHints } from '../project/surrounded-hints';
import type { Answer, Sent, Withdrawal } from './lint-messages';

/** @returns false where this is no thread */
export function serveLintQuestions(): boolean {
  if (isMainThread || parentPort === null) return false;
  const port = parentPort;
  const withdrawn = new Set<number>();
  let last: Document | undefined;
  let line = Promise.resolve();
  port.on('message', (message: Sent | Withdrawal) => {
    if ('withdrawn' in message) withdrawn.add(message.withdrawn);
    else line = line.then(() => answer(message));
  });
  const answer = async (question: Sent) => {
    const { id, wanted } = question;
    // Also of a question that is none any more: the next one may build on its text.
    const document = documentOf(question, last);
    last = document;
    const say = (words: Answer) => port.postMessage(words);
    await new Promise((resolve) => setImmediate(resolve));
    if (withdrawn.delete(id)) return say({ id, stopped: true });
    if (wanted === 'fixes') return say({ id, edit: fixAll(document, question) });
    const findings: Diagnostic[] = [];
    for (const slice of slicesFor(document, question)) {
      for (const finding of slice) if (finding.suppressed === undefined) findings.push(finding);
      await new Promise((resolve) => setImmediate(resolve));
      if (withdrawn.delete(id)) return say({ id, stopped: true });
    }
    say({ id, findings: worstFindings(document, findings) });
  };
  return true;
}

function documentOf({ text }: Sent, last: Document | undefined): Document {
  if ('whole' in text) return createDocument(text.whole.text, text.whole.options);
  if (last === undefined) throw new Error('an edit of a text that nobody has told');
  return editDocument(last, text.change);
}

function fixAll(document: Document, question: Sent) {
  return fixAllEdit(document, (text) => [...slicesFor(text, question)].flat());
}

function slicesFor(document: Document, { setting, surroundings, beside, twin, choices }: Sent) {
  const other = twin && createDocument(twin.text, twin.options);
  const around = { ...surroundings, beside: { ...beside, ...(other && { twin: other }) } };
  const hints = surroundedHints(document, setting, around);
  return findingSlices(document, hints, { choices, beside: around.beside });
}
