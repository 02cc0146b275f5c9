import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { runToEnd } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-completion-'));
const scriptOf = (shell: string): string => join(folder, `weir.${shell}`);

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runToEnd(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(scriptOf(shell), stdout);
  }
  mkdirSync(join(folder, 'here'));
  writeFileSync(join(folder, 'here', 'november.db'), '');
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function has(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

/** What bash offers for the last of the words. */
function offered(...words: string[]): string[] {
  const script = `source ${scriptOf('bash')}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'weir', ...words], {
    cwd: join(folder, 'here'),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('weir completion', () => {
  it.each(['bash', 'zsh', 'fish'])('for %s names every command', async (shell) => {
    const { stdout } = await runToEnd(['completion', shell]);
    const help = await runToEnd(['--help']);
    const names = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(15);
    for (const name of names.filter((each) => each !== 'help')) expect(stdout).toContain(name);
  });

  it('refuses a shell it does not know: 2', async () => {
    expect(await runToEnd(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
  });

  it.runIf(has('bash')).each([
    ['commands', ['che'], ['check']],
    ['commands of commands', ['prices', 's'], ['show', 'set']],
    ['options of a command', ['check', '--ch'], ['--chain']],
    ['options of serve where nothing else is said', ['--ups'], ['--upstream', '--upstreams']],
    ['what an option can be', ['--log-mode', ''], ['normal', 'audit']],
    ['files', ['check', '--store', 'nov'], ['november.db']],
    ['nothing where only the user knows', ['calls', '--user', ''], []],
    ['arguments', ['completion', 'z'], ['zsh']],
    ['behind a value that is called like a command', ['calls', '--user', 'prices', '--jso'], ['--json']],
  ])('for bash completes %s', (_what, words, expected) => {
    expect(offered(...words).toSorted()).toEqual(expected.toSorted());
  });

  it.runIf(has('zsh'))('for zsh is read by zsh', () => {
    const { status, stderr } = spawnSync('zsh', ['-n', scriptOf('zsh')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.runIf(has('fish'))('for fish is read by fish', () => {
    const { status, stderr } = spawnSync('fish', ['--no-execute', scriptOf('fish')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
