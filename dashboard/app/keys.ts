/** Keys for the whole page and for one view; off while something is typed. */
import { signal } from '@preact/signals';
import { go, hrefOf, path } from './address.ts';
import { cycleTheme } from './theme.ts';

export const isHelpOpen = signal(false);
export const isPaletteOpen = signal(false);

type Handler = (event: KeyboardEvent) => void;
const handlers: Record<string, Handler>[] = [];
let isGoing = false;

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input, textarea, select') ||
      target.closest('dialog') !== null)
  );
}

/**
 * Keys of one view, the latest first; returns what takes them away. `event.key` is the name. To be bound in a layout effect: a key
 * pressed right after something was drawn must meet the handler that knows of it.
 */
export function bindKeys(keys: Record<string, Handler>): () => void {
  handlers.unshift(keys);
  return () => {
    handlers.splice(handlers.indexOf(keys), 1);
  };
}

const PAGES: Record<string, string> = {
  o: '/overview',
  r: '/requests',
  s: '/sessions',
  e: '/explore',
  c: '/compare',
  ',': '/settings',
};

function globalKey(event: KeyboardEvent): boolean {
  if (isGoing) {
    isGoing = false;
    const page = PAGES[event.key];
    if (page) go(hrefOf(page));
    return page !== undefined;
  }
  if (event.key === 'g') isGoing = true;
  else if (event.key === '?') isHelpOpen.value = true;
  else if (event.key === '.') cycleTheme();
  else return false;
  return true;
}

/** Listens; called once, when the page starts. */
export function listenKeys(): void {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      isPaletteOpen.value = !isPaletteOpen.value;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
    // Enter and Space on a button or link are that element's own.
    const isOwn = event.target instanceof HTMLElement && event.target.matches('a, button, summary');
    if (isOwn && (event.key === 'Enter' || event.key === ' ')) return;
    if (globalKey(event)) {
      event.preventDefault();
      return;
    }
    const handler = handlers.find((keys) => event.key in keys)?.[event.key];
    if (handler) {
      event.preventDefault();
      handler(event);
    }
  });
  path.subscribe(() => (isGoing = false));
}
