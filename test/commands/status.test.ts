import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { version } from '../../server/version.ts';
import { runToEnd, startProgram, type Program } from '../support/program.ts';

/** Milliseconds: the program is started more than once, on a machine that may be busy. */
const severalStarts = 120_000;

async function status(dataDir: string, ...options: string[]): ReturnType<typeof runToEnd> {
  return runToEnd(['status', '--data-dir', dataDir, ...options]);
}

describe('weir status beside a running program', () => {
  let program: Program;
  beforeAll(async () => {
    program = await startProgram({ args: ['--upstream', 'http://127.0.0.1:9'] });
  });
  afterAll(async () => void (await program.stop()));

  it('finds it by its data directory and prints its health', async () => {
    const { code, stdout, stderr } = await status(program.dataDir, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      running: true,
      pid: program.process.pid,
      url: program.proxyUrl,
      version,
      health: {
        status: 'ok',
        rows_lost: 0,
        bodies_lost: 0,
        spilled_bytes: 0,
        undigested_bytes: 0,
        queue_bytes: 0,
        active_calls: 0,
      },
    });
  });

  it('says it in words', async () => {
    const { code, stdout } = await status(program.dataDir);
    expect(code).toBe(0);
    expect(stdout).toContain(`(process ${program.process.pid})`);
    expect(stdout).toMatch(/lost {7}nothing\n/);
  });

  it('keeps the file where it says so to its owner', () => {
    expect(statSync(join(program.dataDir, 'running.json')).mode & 0o777).toBe(0o600);
  });

  it('says when its token is not the right one', async () => {
    const { code, stderr } = await runToEnd(['status', '--data-dir', program.dataDir], {
      WEIR_TOKEN: 'another',
    });
    expect(code).toBe(69);
    expect(stderr).toContain('WEIR_TOKEN');
  });
});

describe('weir status without a running program', () => {
  function dataDir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'weir-status-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  it(
    'says so, with 69, and what the store holds; after a clean stop nothing is left to find',
    { timeout: severalStarts },
    async () => {
      const dir = dataDir();
      const program = await startProgram({ dataDir: dir, args: ['--demo'] });
      expect(await program.stop()).toBe(0);
      const { code, stdout, stderr } = await status(dir, '--json');
      expect(code).toBe(69);
      expect(stderr).toContain('no program runs');
      expect(JSON.parse(stdout)).toMatchObject({
        running: false,
        store: {
          target: join(dir, 'weir.db'),
          bytes: expect.any(Number),
          calls: expect.any(Number),
          problem: null,
        },
      });
      expect(() => statSync(join(dir, 'running.json'))).toThrow('ENOENT');
    },
  );

  it('recognises what a killed program left behind', async () => {
    const dir = dataDir();
    const program = await startProgram({ dataDir: dir });
    await program.stop('SIGKILL');
    expect(readFileSync(join(dir, 'running.json'), 'utf8')).toContain(program.proxyUrl);
    const { code, stderr } = await status(dir);
    expect(code).toBe(69);
    expect(stderr).toContain('no program runs');
  });

  it('recognises a process that only has the number of one that is gone', async () => {
    const dir = dataDir();
    // This process lives, and nobody listens on a port that was free a moment ago.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const stale = {
      pid: process.pid,
      url: `http://127.0.0.1:${port}`,
      started: '2026-11-20T00:00:00Z',
      version,
    };
    writeFileSync(join(dir, 'running.json'), JSON.stringify(stale));
    const { code, stderr } = await status(dir);
    expect(code).toBe(69);
    expect(stderr).toContain('no program runs');
  });

  it('needs no store either', async () => {
    const { code, stdout } = await status(dataDir());
    expect(code).toBe(69);
    expect(stdout).toContain('There is no store');
  });
});
