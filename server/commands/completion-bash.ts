/** The completion script for bash, from 3.2 on, which is what macOS has. Pure. */
import type { CommandShape, Value } from './command-tree.ts';
import { valueLines, walkLines } from './completion-walk.ts';

export function bashScript(shapes: readonly CommandShape[]): string {
  return `# Completion of weir for bash: source <(weir completion bash)
_weir() {
  local cur prev at i
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD - 1]}"
${walkLines(shapes, 'i = 1; i < COMP_CWORD; i++', '${COMP_WORDS[i]}')}
${valueLines(shapes, '$prev', reply)}
  case "$at" in
${shapes.map(wordLines).join('\n')}
  esac
}
complete -F _weir weir
`;
}

function wordLines({ at, commands, options, argument }: CommandShape): string {
  const names = commands.map(({ name }) => name);
  const words = [...names, ...(argument.kind === 'choices' ? argument.choices : [])].join(' ');
  const flags = options.flatMap((option) => option.flags).join(' ');
  const plain = argument.kind === 'files' ? 'compgen -f -- "$cur"' : `compgen -W '${words}' -- "$cur"`;
  return `    '${at}')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flags}' -- "$cur")); else COMPREPLY=($(${plain})); fi
      ;;`;
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'choices':
      return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$cur"))`;
    case 'files':
      return 'COMPREPLY=($(compgen -f -- "$cur"))';
    case 'text':
    case 'none':
      return 'COMPREPLY=()';
    default:
      return value satisfies never;
  }
}
