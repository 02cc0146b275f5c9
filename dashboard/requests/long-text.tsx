import { useSignal } from '@preact/signals';
import { useContext } from 'preact/hooks';
import type { JSX } from 'preact';
import { formatCount } from '../lib/format.ts';
import { LoadWhole } from './whole.ts';

const MOST_LINES = 40;
/** Results of tools are rarely read to their end. */
const MOST_RESULT_LINES = 12;
/** What of a long text is shown, and asked for, at first. */
export const MOST_CHARACTERS = 2_000;

/** Text that a browser lays out at once without a pause. */
const STEP_CHARACTERS = 200_000;

/** The beginning of a text that is too long to be shown at once. */
function headOf(text: string, lines: number): string {
  return text.split('\n', lines).join('\n').slice(0, MOST_CHARACTERS);
}

/**
 * Logged text, as it is: line breaks kept, long ones closed until asked for. `characters` is its length where `text` is only
 * the beginning of it.
 */
export function LongText({
  text,
  characters = null,
  isMono = false,
}: {
  text: string;
  characters?: number | null;
  isMono?: boolean;
}): JSX.Element {
  const shown = useSignal(0);
  const loadWhole = useContext(LoadWhole);
  const head = headOf(text, isMono ? MOST_RESULT_LINES : MOST_LINES);
  const length = characters ?? text.length;
  const isLong = head.length < length;
  const isWaiting = shown.value > 0 && characters !== null;
  const open = () => {
    shown.value += STEP_CHARACTERS;
    if (characters !== null) loadWhole?.();
  };
  const rest = length - shown.value;
  return (
    <div class={isMono ? 'text is-mono' : 'text'}>
      {isLong && (shown.value === 0 || isWaiting) ? `${head}…` : text.slice(0, shown.value || undefined)}
      {isWaiting ? <p class="muted small">Loading…</p> : null}
      {isLong && !isWaiting && rest > 0 ? (
        <button type="button" class="inline-button" onClick={open}>
          {shown.value === 0 && length <= STEP_CHARACTERS
            ? `Show all ${formatCount(length)} characters`
            : `Show more (${formatCount(shown.value === 0 ? length - head.length : rest)} characters left)`}
        </button>
      ) : null}
      {shown.value > 0 && !isWaiting ? (
        <button type="button" class="inline-button" onClick={() => (shown.value = 0)}>
          Show less
        </button>
      ) : null}
    </div>
  );
}
