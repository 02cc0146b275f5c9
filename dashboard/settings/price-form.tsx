import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ModelPrice, Settings } from '../../server/api/wire.ts';
import { optionsFor, PRICE_CLASSES, priceCommand } from '../lib/prices.ts';
import { Snippet } from '../overview/first-run.tsx';

const PLACE = ['data-dir', 'prices'];

/** Puts together the command that sets prices; the page itself changes nothing. */
export function PriceForm({
  models,
  settings,
}: {
  models: readonly ModelPrice[];
  settings: Settings;
}): JSX.Element {
  const unpriced = models.find(({ rates }) => rates.length === 0);
  const model = useSignal(unpriced?.model ?? models[0]?.model ?? '');
  const from = useSignal('');
  const amounts = useSignal<Readonly<Record<string, string>>>({});
  const command = priceCommand(model.value, from.value, amounts.value, optionsFor(settings, PLACE));
  return (
    <form class="price-form" aria-label="Set prices" onSubmit={(event) => event.preventDefault()}>
      <h3>Set prices of your own</h3>
      <div class="price-fields">
        <label class="field">
          <span>Model, or a pattern with *</span>
          <input
            value={model.value}
            list="price-models"
            spellcheck={false}
            autoComplete="off"
            onInput={({ currentTarget }) => (model.value = currentTarget.value.trim())}
          />
          <datalist id="price-models">
            {models.map((one) => (
              <option key={one.model} value={one.model} />
            ))}
          </datalist>
        </label>
        <label class="field">
          <span>From (UTC), or always</span>
          <input
            type="date"
            value={from.value}
            onInput={({ currentTarget }) => (from.value = currentTarget.value)}
          />
        </label>
        {PRICE_CLASSES.map(({ id, label }) => (
          <label class="field is-amount" key={id}>
            <span>{label}, $ a million</span>
            <input
              inputMode="decimal"
              value={amounts.value[id] ?? ''}
              onInput={({ currentTarget }) =>
                (amounts.value = { ...amounts.value, [id]: currentTarget.value })
              }
            />
          </label>
        ))}
      </div>
      {command === null ? (
        <p class="muted small">Fill in a model and a price: the command that sets it stands here then.</p>
      ) : (
        <Snippet text={command} />
      )}
      <p class="muted small">
        Prices hold from the next start of Weir. What is recorded keeps its cost until{' '}
        <code>weir reprice</code>; <code>weir reprice --dry-run</code> shows what that would change.
      </p>
    </form>
  );
}
