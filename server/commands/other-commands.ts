/** All commands but `serve`, which starts without them. */
import type { Command } from 'commander';
import type { CommandIo } from './command-io.ts';
import { addCompletionCommand } from './completion.ts';
import { addConfigCommand } from './config.ts';
import { addMoneyCommands } from './money-commands.ts';
import { addPricesCommand } from './prices.ts';
import { addRecordCommands } from './record-commands.ts';
import { addReplayCommand } from './replay-commands.ts';
import { addStoreCommands } from './store-commands.ts';
import { addTokenCommand } from './token.ts';

/** In the order in which `--help` lists them. */
export function addOtherCommands(program: Command, io: CommandIo): void {
  addReplayCommand(program, io);
  addStoreCommands(program, io);
  addRecordCommands(program, io);
  addPricesCommand(program, io);
  addMoneyCommands(program, io);
  addConfigCommand(program, io);
  addTokenCommand(program, io);
  addCompletionCommand(program, io);
}
