/** Links from figures to the requests behind them. Statistics leave replays out unless they are asked for; so do these links. */
import { signal } from '@preact/signals';
import { filters, hrefOf, type Changes } from './address.ts';

/** Whether the record holds replays: without any the links need not speak of them. */
export const hasReplays = signal(false);

/** The list of the requests that a figure of the page counts, with filters more. */
export function figureHref(changes: Changes = {}): string {
  const isAsked = filters.value.replay !== undefined || !hasReplays.value;
  return hrefOf('/requests', isAsked ? changes : { replay: 'false', ...changes });
}
