import { asArray, asObject, asText } from './json.ts';
import type { JsonObject } from './json.ts';

const maxPreviewLength = 160;

/**
 * One line for lists: the first words of the last user turn without what the client put in by itself, or
 * `tool_result ← NAME` for a turn that only brings results. At most 160 characters; null when there is neither.
 */
export function previewOf(request: JsonObject): string | null {
  const messages = asArray(request['messages']);
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = asObject(messages[at]);
    if (message?.['role'] !== 'user') continue;
    const { content } = message;
    const words = typeof content === 'string' ? firstWords(content) : firstText(asArray(content));
    return words ?? resultsOf(asArray(content), messages) ?? kindsOf(asArray(content));
  }
  return null;
}

/** Of the creation of a message batch. */
export function batchPreview(request: JsonObject): string {
  const count = asArray(request['requests']).length;
  return `batch of ${count} ${count === 1 ? 'request' : 'requests'}`;
}

function firstText(blocks: readonly unknown[]): string | null {
  for (const block of blocks) {
    const words = firstWords(asText(asObject(block)?.['text']) ?? '');
    if (words !== null) return words;
  }
  return null;
}

function firstWords(text: string): string | null {
  // Only the beginning is looked at: a pasted file of megabytes has no more to say on one line.
  const said = withoutReminders(text)
    .slice(0, 8 * maxPreviewLength)
    .replace(/\s+/g, ' ')
    .trim();
  return said === '' ? null : cut(said);
}

const reminderStart = '<system-reminder>';
const reminderEnd = '</system-reminder>';

function withoutReminders(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length && kept.trimStart().length < 8 * maxPreviewLength;) {
    const start = text.indexOf(reminderStart, at);
    if (start === -1) return kept + text.slice(at, at + 64 * maxPreviewLength);
    kept += text.slice(at, start);
    const end = text.indexOf(reminderEnd, start);
    if (end === -1) return kept;
    at = end + reminderEnd.length;
  }
  return kept;
}

function cut(line: string): string {
  if (line.length <= maxPreviewLength) return line;
  // Never half a surrogate pair.
  return `${line.slice(0, maxPreviewLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function resultsOf(blocks: readonly unknown[], messages: readonly unknown[]): string | null {
  const ids = blocks
    .map(asObject)
    .filter((block) => block?.['type'] === 'tool_result')
    .map((block) => block?.['tool_use_id']);
  if (ids.length === 0) return null;
  const names = new Map<unknown, string>();
  // They were called a turn before, at the end of a long conversation.
  for (let at = messages.length - 1; at >= 0 && ids.some((id) => !names.has(id)); at -= 1) {
    for (const block of asArray(asObject(messages[at])?.['content'])) {
      const { id, name } = asObject(block) ?? {};
      if (typeof id === 'string' && typeof name === 'string' && !names.has(id)) names.set(id, name);
    }
  }
  const called = new Set(ids.map((id) => names.get(id) ?? '?'));
  return cut(`tool_result ← ${[...called].join(', ')}`);
}

function kindsOf(blocks: readonly unknown[]): string | null {
  const kinds = new Set(blocks.map((block) => asText(asObject(block)?.['type']) ?? '?'));
  kinds.delete('text');
  return kinds.size === 0 ? null : cut(`[${[...kinds].join(', ')}]`);
}
