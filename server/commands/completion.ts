/** `weir completion SHELL`: what makes a shell complete the commands. */
import { Argument, type Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { commandShapes, type CommandShape } from './command-tree.ts';
import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';

const scripts: Readonly<Record<string, (shapes: readonly CommandShape[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Belongs behind all other commands: it tells of those that are there. */
export function addCompletionCommand(program: Command, io: CommandIo): void {
  program
    .command('completion')
    .description('print a script that makes your shell complete commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(weir completion bash)\n  weir completion zsh > "${fpath[1]}/_weir"\n  weir completion fish > ~/.config/fish/completions/weir.fish',
    )
    .action((shell: string) => io.stdout(scripts[shell]?.(commandShapes(program)) ?? ''));
}
