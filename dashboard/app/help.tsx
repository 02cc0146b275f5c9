import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { isHelpOpen } from './keys.ts';

const KEYS: readonly [title: string, keys: readonly [key: string, what: string][]][] = [
  [
    'Everywhere',
    [
      ['Ctrl K', 'go anywhere, do anything (⌘ K)'],
      ['/', 'filter'],
      ['g o', 'overview'],
      ['g r', 'requests'],
      ['g s', 'sessions'],
      ['g e', 'explore'],
      ['g c', 'compare'],
      ['g ,', 'settings'],
      ['e', 'export'],
      ['y', 'copy the link'],
      ['t', 'range'],
      ['.', 'theme: system, light, dark'],
      ['?', 'this list'],
    ],
  ],
  [
    'Requests and sessions',
    [
      ['j  k', 'next, previous'],
      ['Space', 'peek'],
      ['Enter', 'open the whole page'],
      ['Esc', 'close'],
      ['1 … 7', 'tabs of a request'],
      ['d', 'what changed since the request before'],
      ['r', 'send again'],
      ['F', 'find in a request and its answer'],
      ['c', 'copy as cURL'],
      ['x', 'mark for a comparison'],
      ['X', 'compare with the marked one, or the one before'],
      ['l', 'live on, off'],
    ],
  ],
  [
    'Charts',
    [
      ['← →', 'walk the intervals (chart focused)'],
      ['Enter', 'the requests of the interval'],
      ['drag', 'zoom into a range'],
      ['click', 'the requests behind it'],
    ],
  ],
  [
    'Compare',
    [
      ['s', 'swap'],
      ['w', 'mark the words that differ'],
    ],
  ],
];

/** The list of keys, as a dialog. */
export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={() => (isHelpOpen.value = false)}
    >
      <header class="card-head">
        <h2 id="help-title">Keys</h2>
        <button type="button" class="button" onClick={() => (isHelpOpen.value = false)}>
          Close
        </button>
      </header>
      <div class="help-columns">
        {KEYS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl class="keys">
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
