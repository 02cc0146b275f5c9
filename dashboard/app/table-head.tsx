import type { ComponentChildren, JSX } from 'preact';

export interface HeadColumn {
  /** Empty for a column that only decorates. */
  readonly label: ComponentChildren;
  readonly isNumber?: boolean;
  /** Left out on narrow screens. */
  readonly isWide?: boolean;
  /** A text after figures, with room between them. */
  readonly isApart?: boolean;
  readonly title?: string;
}

/** The head of a column of figures. */
export function figures(label: ComponentChildren, more: Partial<HeadColumn> = {}): HeadColumn {
  return { label, isNumber: true, ...more };
}

/** The heads of a table's columns; a text alone heads a column of texts. */
export function TableHead({ columns }: { columns: readonly (string | HeadColumn)[] }): JSX.Element {
  return (
    <thead>
      <tr>
        {columns.map((column, at) => {
          const { label, isNumber, isWide, isApart, title }: HeadColumn =
            typeof column === 'string' ? { label: column } : column;
          const classes = [isNumber && 'num', isWide && 'wide-only', isApart && 'is-apart']
            .filter(Boolean)
            .join(' ');
          return label === '' ? (
            <th key={at} class={classes} aria-hidden="true" />
          ) : (
            <th key={at} scope="col" class={classes} title={title}>
              {label}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
