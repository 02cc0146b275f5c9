/** The commands as a shell has to know them, read from what parses them. */
import type { Command, Option } from 'commander';

/** What stands behind an option or as an argument. */
export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] }
  | { readonly kind: 'files' }
  /** Something that no shell can know. */
  | { readonly kind: 'text' };

export interface OptionShape {
  /** `--json`, `-V`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly value: Value;
}

export interface CommandShape {
  /** `` for the program, `/prices/show` for a command of a command. */
  readonly at: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionShape[];
  /** Of the first argument. */
  readonly argument: Value;
}

/** The program and all its commands. What a bare `weir` takes are the options of `serve`. */
export function commandShapes(program: Command, bare = 'serve'): CommandShape[] {
  return shapesUnder(program, '').map((shape) => {
    if (shape.at !== '') return shape;
    const own = program.commands.find((command) => command.name() === bare);
    return { ...shape, options: [...shape.options, ...(own?.options ?? []).map(optionShape)] };
  });
}

function shapesUnder(command: Command, at: string): CommandShape[] {
  const shape: CommandShape = {
    at,
    commands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
    options: [
      ...command.options.filter(({ hidden }) => !hidden).map(optionShape),
      { flags: ['--help', '-h'], description: 'how it is used', value: { kind: 'none' } },
    ],
    argument: argumentOf(command),
  };
  return [shape, ...command.commands.flatMap((child) => shapesUnder(child, `${at}/${child.name()}`))];
}

function optionShape(option: Option): OptionShape {
  const takesValue = option.required || option.optional;
  return {
    flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    value: takesValue
      ? valueOf(option.flags, option.argChoices ?? choicesIn(option.description))
      : { kind: 'none' },
  };
}

function argumentOf(command: Command): Value {
  const [first] = command.registeredArguments;
  return first === undefined ? { kind: 'none' } : valueOf(first.name(), first.argChoices);
}

/** @param name as the help shows it: it tells what is a file */
function valueOf(name: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { kind: 'choices', choices };
  return { kind: /\b(?:file|files|dir|path|target)\b/i.test(name) ? 'files' : 'text' };
}

/** `(full|metadata)`, as settings tell them. */
function choicesIn(description: string): readonly string[] | undefined {
  return /\(([\w-]+(?:\|[\w-]+)+)\)/.exec(description)?.[1]?.split('|');
}

/** `/export:--format` for every option behind which something stands: a value is no command, whatever it is called. */
export function valuePlaces(shapes: readonly CommandShape[]): string[] {
  return shapes.flatMap(({ at, options }) =>
    options
      .filter(({ value }) => value.kind !== 'none')
      .flatMap(({ flags }) => flags.map((flag) => `${at}:${flag}`)),
  );
}

/** Where a command can be, but for the program itself. */
export function commandPlaces(shapes: readonly CommandShape[]): string[] {
  return shapes.flatMap(({ at }) => (at === '' ? [] : [at]));
}
