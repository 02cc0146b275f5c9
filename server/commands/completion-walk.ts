/** What the scripts for bash and zsh have in common: they look through the words up to the cursor. Pure. */
import { commandPlaces, valuePlaces, type CommandShape, type Value } from './command-tree.ts';

/** Leaves the place of the command in `at`. @param word the shell's expression for word `i`; @param loop its `for` */
export function walkLines(shapes: readonly CommandShape[], loop: string, word: string): string {
  return `  at=''
  for ((${loop})); do
    case "$at:${word}" in
      ${valuePlaces(shapes).join(' | ')}) ((i++)); continue ;;
    esac
    case "$at/${word}" in
      ${commandPlaces(shapes).join(' | ')}) at="$at/${word}" ;;
    esac
  done`;
}

/** Completes what stands behind an option, and is done. @param reply the shell's command for it */
export function valueLines(
  shapes: readonly CommandShape[],
  previous: string,
  reply: (value: Value) => string,
): string {
  const places = new Map<string, string[]>();
  for (const { at, options } of shapes) {
    for (const { flags, value } of options) {
      if (value.kind === 'none') continue;
      const own = flags.map((flag) => `${at}:${flag}`);
      places.set(reply(value), [...(places.get(reply(value)) ?? []), ...own]);
    }
  }
  const lines = [...places].map(([command, own]) => `    ${own.join(' | ')}) ${command}; return ;;`);
  return `  case "$at:${previous}" in\n${lines.join('\n')}\n  esac`;
}
