/** Retention and compacting of many calls: how long a call that ends meanwhile waits. */
import { openStore } from '../server/store/open.ts';
import { startRetention } from '../server/store/retention-run.ts';
import { usedBytes } from '../server/store/retention.ts';
import { createWriter } from '../server/store/write.ts';
import { idOf, startOf, type RowsPlan } from './rows.ts';
import { msOf, print, table } from './table.ts';

/** A call that ends waits no longer than this for upkeep. */
const mostPauseMs = 150;
/** So many days of calls go. */
const days = 9;

export function upkeepTable(path: string, plan: RowsPlan): string[] {
  const store = openStore(path, 'write', { durability: 'full' });
  const writer = createWriter(store);
  const before = usedBytes(store);
  const callsBeforeMs = startOf(plan, 0) + days * 86_400_000;
  const run = startRetention(store, writer, { callsBeforeMs, bodiesBeforeMs: null });
  const steps: number[] = [];
  const stepsCpu: number[] = [];
  const commits: number[] = [];
  let ended = 0;
  const step = (): boolean => {
    const [beganMs, beganCpuMs] = [performance.now(), cpuMs()];
    const hasMore = run.step();
    steps.push(performance.now() - beganMs);
    stepsCpu.push(cpuMs() - beganCpuMs);
    return hasMore;
  };
  const endCall = (): void => {
    const id = idOf(plan, plan.calls + ended++);
    const row = {
      state: 'completed',
      method: 'POST',
      path: '/v1/messages',
      bodies: 'metadata',
      model: 'm',
    };
    const call = {
      ...row,
      started_ms: plan.endMs,
      duration_us: 1000,
      cost_nano_usd: 1,
      cost_source: 'computed',
    };
    writer.transaction(() => writer.finishCall(id, call, { request_headers: '[]' }, []));
  };
  // The first one of a store begins its chain, for which all calls are counted.
  endCall();
  const totalMs = msOf(() => {
    while (step()) {
      // Traffic goes on: the call takes in its stride what the step has left in the log.
      commits.push(msOf(endCall));
    }
  });
  const compactMs = msOf(() => store.sqlite.exec('VACUUM'));
  const after = usedBytes(store);
  writer.close();
  const at = (times: readonly number[], part: number): string =>
    (times.toSorted((a, b) => a - b)[Math.floor(part * (times.length - 1))] ?? 0).toFixed(0);
  const longest = Math.max(...steps);
  const longestCommit = Math.max(...commits);
  print('');
  table([
    [`retention of ${days} days, a call ending after each step`, ''],
    ['calls removed', String(run.done.calls)],
    ['steps', String(steps.length)],
    ['all of it, s', (totalMs / 1000).toFixed(1)],
    ['a step: median, 99 of 100, longest, ms', `${at(steps, 0.5)}, ${at(steps, 0.99)}, ${at(steps, 1)}`],
    [
      'the same in time of the processor, which other work does not lengthen',
      `${at(stepsCpu, 0.5)}, ${at(stepsCpu, 0.99)}, ${at(stepsCpu, 1)}`,
    ],
    ['a call’s commit between, the same, ms', `${at(commits, 0.5)}, ${at(commits, 0.99)}, ${at(commits, 1)}`],
    ['file before and after, MB', `${Math.round(before / 1e6)} → ${Math.round(after / 1e6)}`],
    ['compact, s', (compactMs / 1000).toFixed(1)],
  ]);
  const pause = Math.max(longest, longestCommit);
  return pause > mostPauseMs ? [`upkeep pauses calls for ${pause.toFixed(0)} of ${mostPauseMs} ms`] : [];
}

/** Of this thread. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
