import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { Icon } from '../app/icons.tsx';

/** A line that opens: what is inside is only made then. */
export function Fold({
  label,
  hint,
  className = '',
  children,
}: {
  label: ComponentChildren;
  hint?: string;
  className?: string;
  children: () => ComponentChildren;
}): JSX.Element {
  const isOpen = useSignal(false);
  return (
    <div class={`fold ${className}`}>
      <button
        type="button"
        class="fold-head"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name={isOpen.value ? 'down' : 'right'} />
        <span class="clip">{label}</span>
        {hint ? <span class="muted num small fold-hint">{hint}</span> : null}
      </button>
      {isOpen.value ? <div class="fold-body">{children()}</div> : null}
    </div>
  );
}
