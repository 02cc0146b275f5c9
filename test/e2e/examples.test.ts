import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../store/temporary-store.ts';

const folder = fileURLToPath(new URL('../../examples/agent-test', import.meta.url));
/** The records are read by a person too: what is asked, and how it was answered. */
const lineSchema = z.object({ preview: z.string(), status: z.number(), state: z.string() });
const long = { timeout: 120_000 };

/** Without any network but the loopback address, where the system can do that. */
const alone = ['unshare', '--map-root-user', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const canBeAlone = spawnSync(alone[0] ?? '', [...alone.slice(1), 'true']).status === 0;

async function run(...command: readonly string[]): Promise<{ code: number | null; output: string }> {
  const [program = '', ...args] = command;
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:ANTHROPIC_|WEIR_|NODE_)/.test(name));
  const child = spawn(program, args, { env: Object.fromEntries(kept) });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

function asked(file: string): z.output<typeof lineSchema>[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => lineSchema.parse(JSON.parse(line)));
}

describe('the example of an agent under test', () => {
  it('passes on what was recorded, without a network', long, async () => {
    const tests = [process.execPath, '--test', join(folder, 'agent.test.ts')];
    const { code, output } = await run(...(canBeAlone ? [...alone, ...tests] : tests));
    expect(code, output).toBe(0);
    expect(output).toMatch(/pass 6\n/);
  });

  it('records the same calls anew', long, async () => {
    const file = join(temporaryFolder(), 'again.ndjson');
    const { code, output } = await run(process.execPath, join(folder, 'record.ts'), file);
    expect(code, output).toBe(0);
    expect(asked(file)).toEqual(asked(join(folder, 'river.ndjson')));
  });
});
