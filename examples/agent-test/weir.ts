/** Starts Weir's commands. In a project of your own `weir` is a command on the path. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const weir = fileURLToPath(new URL('../../server/weir.js', import.meta.url));

export interface Running {
  /** What the SDK takes as `baseURL`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a command that listens, and waits until it says where. */
export function startWeir(...args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [weir, ...args, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
      const url = /ANTHROPIC_BASE_URL=(\S+)/.exec(said)?.[1];
      if (url === undefined) return;
      resolve({
        url,
        stop: () => {
          child.kill();
          return exited;
        },
      });
    });
    child.once('exit', (code) => reject(new Error(`weir ended with ${code}: ${said}`)));
  });
}

/** Runs a command to its end. */
export async function runWeir(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [weir, ...args], { stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`weir ${args.join(' ')} ended with ${code}`);
}
