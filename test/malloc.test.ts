import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startProgram } from './support/program.ts';

describe.runIf(process.platform === 'linux')('the allocator of the C library', () => {
  it('is bounded in the process that was started, with its arguments', async () => {
    const program = await startProgram({
      nodeArgs: ['--max-semi-space-size=4'],
      args: ['--host', '127.0.0.1'],
    });
    const { pid } = program.process;
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toContain('MALLOC_MMAP_THRESHOLD_=262144\0');
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    expect(words).toContain('--max-semi-space-size=4');
    expect(words.slice(-3)).toEqual(['--host', '127.0.0.1', '']);
    expect(await program.stop()).toBe(0);
  });

  it('keeps the bounds that somebody has set', async () => {
    const program = await startProgram({ env: { MALLOC_TRIM_THRESHOLD_: '65536' } });
    expect(readFileSync(`/proc/${program.process.pid}/environ`, 'utf8')).not.toContain(
      'MALLOC_MMAP_THRESHOLD_',
    );
    expect(await program.stop()).toBe(0);
  });
});
