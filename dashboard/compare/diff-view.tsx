import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Pair } from '../lib/compared.ts';
import { diffWords, smooth, type Piece } from '../../server/compare/words.ts';
import { formatCount } from '../lib/format.ts';
import { Fold } from '../requests/fold.tsx';

/** What of a long part is shown and compared at first. */
const SHOWN_CHARACTERS = 20_000;

/** One side of a text that was compared: what both have, and what only this one has. */
export function Side({
  pieces,
  kind,
  label,
}: {
  pieces: readonly Piece[];
  kind: 'removed' | 'added';
  label: string;
}) {
  return (
    <div class="text is-mono diff-side" role="group" aria-label={label}>
      {pieces
        .filter((piece) => piece.kind === 'same' || piece.kind === kind)
        .map((piece, at) =>
          piece.kind === 'same' ? (
            piece.text
          ) : kind === 'removed' ? (
            <del key={at}>{piece.text}</del>
          ) : (
            <ins key={at}>{piece.text}</ins>
          ),
        )}
    </div>
  );
}

/** Both texts beside each other, the words that differ marked. */
export function Changed({ pair, isMarked }: { pair: Pair; isMarked: boolean }): JSX.Element {
  const limit = useSignal(SHOWN_CHARACTERS);
  const before = pair.before?.slice(0, limit.value) ?? '';
  const after = pair.after?.slice(0, limit.value) ?? '';
  const longest = Math.max(pair.before?.length ?? 0, pair.after?.length ?? 0);
  const pieces = useMemo(() => smooth(diffWords(before, after)), [before, after]);
  const plain = (text: string): Piece[] => [{ kind: 'same', text }];
  return (
    <>
      <div class="diff-pair">
        {pair.before === null ? (
          <p class="muted diff-side">not in the first</p>
        ) : (
          <Side pieces={isMarked ? pieces : plain(before)} kind="removed" label={`${pair.label}, first`} />
        )}
        {pair.after === null ? (
          <p class="muted diff-side">not in the second</p>
        ) : (
          <Side pieces={isMarked ? pieces : plain(after)} kind="added" label={`${pair.label}, second`} />
        )}
      </div>
      {longest > limit.value ? (
        <button type="button" class="inline-button" onClick={() => (limit.value *= 8)}>
          Show more ({formatCount(longest - limit.value)} characters left)
        </button>
      ) : null}
    </>
  );
}

/** Parts that are the same on both sides, in one line until opened. */
function Same({ pairs }: { pairs: readonly Pair[] }): JSX.Element {
  const [first] = pairs;
  const label = pairs.length === 1 ? `${first?.label ?? ''}: the same` : `${pairs.length} parts are the same`;
  return (
    <Fold label={<span class="muted">{label}</span>}>
      {() =>
        pairs.map((pair) => (
          <section key={pair.label}>
            <h3>{pair.label}</h3>
            <div class="text is-mono">{pair.after?.slice(0, SHOWN_CHARACTERS)}</div>
          </section>
        ))
      }
    </Fold>
  );
}

/** All parts in their order; neighbours that are the same are one line. */
export function Parts({ pairs, isMarked }: { pairs: readonly Pair[]; isMarked: boolean }): JSX.Element {
  const runs: { isSame: boolean; pairs: Pair[] }[] = [];
  for (const pair of pairs) {
    const isSame = pair.before === pair.after;
    const last = runs.at(-1);
    if (isSame && last?.isSame) last.pairs.push(pair);
    else runs.push({ isSame, pairs: [pair] });
  }
  return (
    <>
      {runs.map((run) =>
        run.isSame ? (
          <Same key={run.pairs[0]?.label} pairs={run.pairs} />
        ) : (
          run.pairs.map((pair) => (
            <section key={pair.label} class="diff-part" aria-label={pair.label}>
              <h3>{pair.label}</h3>
              <Changed pair={pair} isMarked={isMarked} />
            </section>
          ))
        ),
      )}
    </>
  );
}
