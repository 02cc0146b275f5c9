/** Export and import of many calls: whether what they hold in memory grows with them. Measured where /proc tells. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { print, table } from './table.ts';

const main = new URL('../server/weir.js', import.meta.url).pathname;
const lookEveryMs = 100;
/** Enough to see whether memory grows. */
const mostImported = 100_000;

export async function movesTable(store: string, folder: string): Promise<void> {
  const file = join(folder, 'calls.ndjson');
  const out = await run(['export', '--store', store, '--format', 'ndjson', '--out', file]);
  const head = join(folder, 'head.ndjson');
  const most = String(mostImported);
  spawnSync('head', ['-n', most, file], { stdio: ['ignore', openSync(head, 'w'), 'inherit'] });
  const to = ['--store', join(folder, 'imported.db'), '--data-dir', join(folder, 'data')];
  const back = await run(['import', head, ...to]);
  print('');
  table([
    ['', 'export all', `import ${mostImported}`],
    ['s', out.seconds.toFixed(0), back.seconds.toFixed(0)],
    ['resident at a quarter of the time, MB', megabytes(out.quarter), megabytes(back.quarter)],
    ['resident at the end, MB', megabytes(out.end), megabytes(back.end)],
    ['highest, MB', megabytes(out.highest), megabytes(back.highest)],
    ['file, MB', megabytes(statSync(file).size), ''],
  ]);
}

async function run(args: readonly string[]) {
  const beganMs = performance.now();
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const seen: number[] = [];
  const said: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const looking = setInterval(() => {
    const bytes = residentBytes(child.pid ?? 0);
    if (bytes > 0) seen.push(bytes);
  }, lookEveryMs);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearInterval(looking);
  if (code !== 0) throw new Error(`weir ${args[0]} ended with ${code}: ${Buffer.concat(said).toString()}`);
  return {
    seconds: (performance.now() - beganMs) / 1000,
    quarter: seen[seen.length >> 2] ?? 0,
    end: seen.at(-1) ?? 0,
    highest: Math.max(0, ...seen),
  };
}

function residentBytes(pid: number): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(path, 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '?' : String(Math.round(bytes / 1e6));
}
