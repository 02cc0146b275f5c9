import { describe, expect, it } from 'vitest';
import { addStoreCommands } from '../../server/commands/store-commands.ts';
import { recordedStore, type RecordedStore } from '../check/recorded-store.ts';
import { temporaryFolder } from '../store/temporary-store.ts';
import { runCommand, type Outcome } from './command.ts';

function check({ path, dataDir }: RecordedStore, ...options: string[]): Promise<Outcome> {
  return runCommand(addStoreCommands, [
    'check',
    '--chain',
    '--store',
    path,
    '--data-dir',
    dataDir,
    ...options,
  ]);
}

describe('weir check --chain', () => {
  it('says what it has proven, and the head to note elsewhere: 0', async () => {
    const store = await recordedStore();
    const { code, stdout, stderr } = await check(store);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      / {2}chain w_[\da-f]{16}: 5 entries since .*, sealed by this installation\n {2}head {2}5:[\da-f]{64}\n/,
    );
    expect(stdout).toContain('  4 calls in the chain\n  1 calls under way, not in it yet\n');
    expect(stdout).toMatch(/ {2}nothing was altered or removed\n$/);
  });

  it('takes a head as it is printed, and says where it lies', async () => {
    const store = await recordedStore();
    const head = /head {2}(\S+)/.exec((await check(store)).stdout)?.[1] ?? '';
    const { code, stdout } = await check(store, '--expect', head);
    expect(code).toBe(0);
    expect(stdout).toMatch(/the expected head is entry 5 of w_/);
    const other = await check(store, '--expect', 'f'.repeat(64), '--json');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({
      expected_at: null,
      findings: [{ kind: 'head', call_id: null }],
    });
    expect(await check(store, '--expect', 'latest')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('latest is no head of a chain'),
    });
  });

  it('lists what was altered, and exits with 1', async () => {
    const store = await recordedStore();
    store.damage("UPDATE calls SET user_id = 'mallory' WHERE id = :id");
    const told = await check(store);
    expect(told.code).toBe(1);
    expect(told.stdout).toContain(
      `  finding   altered  ${store.id}: it is not as it was recorded in entry 2\n  1 findings\n`,
    );
    const json = await check(store, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      clean: false,
      calls: 4,
      findings: [{ kind: 'altered', call_id: store.id }],
    });
  });

  it('says that seals are not checked where no secret is at hand', async () => {
    const store = await recordedStore();
    const { code, stdout } = await check({ ...store, dataDir: temporaryFolder() });
    expect(code).toBe(0);
    expect(stdout).toContain('its seal is not checked: no secret in the data directory');
  });

  it('exits with 4 where there is no store', async () => {
    const store = await recordedStore();
    expect((await check({ ...store, path: `${store.dataDir}/none.db` })).code).toBe(4);
  });
});
