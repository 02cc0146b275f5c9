/** The completion script for fish. Pure. */
import {
  commandPlaces,
  valuePlaces,
  type CommandShape,
  type OptionShape,
  type Value,
} from './command-tree.ts';

export function fishScript(shapes: readonly CommandShape[]): string {
  return `# Completion of weir for fish: weir completion fish > ~/.config/fish/completions/weir.fish
function __weir_at
    set -l at ''
    set -l skip 0
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$at:$word"
            case ${valuePlaces(shapes).map(quoted).join(' ')}
                set skip 1
                continue
        end
        switch "$at/$word"
            case ${commandPlaces(shapes).map(quoted).join(' ')}
                set at "$at/$word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c weir -f
${shapes.flatMap(lines).join('\n')}
`;
}

function lines({ at, commands, options, argument }: CommandShape): string[] {
  const start = `complete -c weir -n "__weir_at '${at}'"`;
  return [
    ...commands.map(({ name, description }) => `${start} -a ${name} -d ${quoted(description)}`),
    ...options.map(
      (option) => `${start} ${flagWords(option)}${valueWords(option.value)} -d ${quoted(option.description)}`,
    ),
    ...(argument.kind === 'files' ? [`${start} -F`] : []),
    ...(argument.kind === 'choices' ? [`${start} -a ${quoted(argument.choices.join(' '))}`] : []),
  ];
}

function flagWords({ flags }: OptionShape): string {
  return flags
    .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(' ');
}

function valueWords(value: Value): string {
  switch (value.kind) {
    case 'none':
      return '';
    case 'choices':
      return ` -x -a ${quoted(value.choices.join(' '))}`;
    case 'files':
      return ' -r -F';
    case 'text':
      return ' -x';
    default:
      return value satisfies never;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\n', ' ').replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
