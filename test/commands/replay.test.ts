/** Options of `weir replay` that do not fit; what it does stands in test/e2e/replay-command. */
import { expect, test } from 'vitest';
import { addReplayCommand } from '../../server/commands/replay-commands.ts';
import { runCommand } from './command.ts';

test.each([
  ['no call at all', [], 'Which calls?'],
  ['ids and filters together', ['x', '--user', 'ada'], 'not both'],
  ['a patch that is no object', ['x', '--set', '[1]'], '--set takes a JSON object'],
  ['a patch that is not there', ['x', '--set', '@/no/such/file'], '--set: /no/such/file cannot be read'],
  ['a key as an option', ['--key', 'sk-ant-1'], 'set ANTHROPIC_API_KEY'],
  ['an amount that is none', ['x', '--max-cost', 'much'], '--max-cost must be an amount of dollars'],
  ['a filter that does not fit', ['--status', 'soon'], '--status must be'],
  [
    'a file of another kind',
    ['x', '--out', 'replays.txt'],
    '--out takes a file that ends in .csv or .ndjson',
  ],
  ['too many at a time', ['x', '--concurrency', '65'], '--concurrency must be a whole number from 1 to 64'],
  ['a name with spaces', ['x', '--batch', 'a b'], '--batch takes'],
])('%s is refused in a sentence', async (_, args, sentence) => {
  const outcome = await runCommand(addReplayCommand, ['replay', ...args]);
  expect([outcome.code, outcome.stdout]).toEqual([2, '']);
  expect(outcome.stderr).toContain(sentence);
});
