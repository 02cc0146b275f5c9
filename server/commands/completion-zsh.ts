/** The completion script for zsh. Pure. */
import type { CommandShape, OptionShape, Value } from './command-tree.ts';
import { valueLines, walkLines } from './completion-walk.ts';

export function zshScript(shapes: readonly CommandShape[]): string {
  return `#compdef weir
# Completion of weir for zsh: weir completion zsh > "\${fpath[1]}/_weir"
_weir() {
  local at i
  local -a candidates flags
${walkLines(shapes, 'i = 2; i < CURRENT; i++', '${words[i]}')}
${valueLines(shapes, '${words[CURRENT - 1]}', reply)}
  case "$at" in
${shapes.map(wordLines).join('\n')}
  esac
}
if [[ $funcstack[1] == _weir ]]; then _weir "$@"; else compdef _weir weir; fi
`;
}

function wordLines({ at, commands, options, argument }: CommandShape): string {
  return `    '${at}')
      if [[ \${words[CURRENT]} == -* ]]; then
        flags=(${options.flatMap(flagItems).join(' ')})
        _describe -o option flags
      else
        candidates=(${commands.map(({ name, description }) => item(name, description)).join(' ')})
        (( \${#candidates} )) && _describe command candidates
        ${reply(argument)}
      fi
      ;;`;
}

function flagItems({ flags, description }: OptionShape): string[] {
  return flags.map((flag) => item(flag, description));
}

/** Quoted; the first colon parts the word from what it is. */
function item(word: string, description: string): string {
  const text = `${word}:${description.replaceAll('\n', ' ')}`;
  return `'${text.replaceAll("'", "'\\\\''")}'`;
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'choices':
      return `compadd -- ${value.choices.join(' ')}`;
    case 'files':
      return '_files';
    case 'text':
    case 'none':
      return ':';
    default:
      return value satisfies never;
  }
}
