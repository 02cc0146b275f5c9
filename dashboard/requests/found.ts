/** What is looked for inside a call, and where it is shown just now. */
import { createContext } from 'preact';
import { signal } from '@preact/signals';

export interface FoundPlace {
  /** Of the value, from the root of the tree that shows it. */
  readonly path: string;
  /** Of the words in the text; null where they are its key. */
  readonly at: number | null;
  readonly length: number;
}

/** The place that the tabs open at; null when nothing is looked for. */
export const shownPlace = signal<(FoundPlace & { part: 'request' | 'response' }) | null>(null);

/** The same for the tree around. */
export const InTree = createContext<FoundPlace | null>(null);
