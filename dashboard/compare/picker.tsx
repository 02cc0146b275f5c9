import type { JSX } from 'preact';
import { setParams } from '../app/address.ts';

/** A field for a parameter of the address, taken over with Enter; empty takes it away. */
export function Picker({
  name,
  label,
  value,
  hint,
}: {
  name: string;
  label: string;
  value: string | null;
  hint: string;
}): JSX.Element {
  return (
    <form
      class="compare-picker"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('value');
        setParams({ [name]: typeof given === 'string' && given.trim() !== '' ? given.trim() : null });
      }}
    >
      <label class="field">
        {label}
        <input
          key={value}
          name="value"
          defaultValue={value ?? ''}
          placeholder={hint}
          autoComplete="off"
          spellcheck={false}
        />
      </label>
    </form>
  );
}
