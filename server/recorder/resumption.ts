/** Calls of this process that a worker before had begun to write: what the store and the spill have of them, to go on from there. */
import type { ExchangeOpen } from '../exchange.ts';
import { readRunning } from '../store/running.ts';
import type { AssemblyBudget, CallAssembly } from './assembly.ts';
import type { Keeper } from './keeper.ts';
import type { WorkerSetup } from './protocol.ts';
import { resumeCall, savedCall, withChange, type SavedCall } from './recovery.ts';

export interface ResumedCall {
  readonly number: number;
  readonly open: ExchangeOpen;
  /** Null when nothing of it was written. */
  readonly call: CallAssembly | null;
  /** Its ending is written. */
  readonly hasEnded: boolean;
}

/** One after the other, so that the caller can show that this lives. */
export function* resumedCalls(
  resume: WorkerSetup['resume'],
  keeper: Keeper,
  budget: AssemblyBudget,
): Generator<ResumedCall> {
  if (resume.length === 0) return;
  const spilled = keeper.spilledOf(new Set(resume.map(({ open }) => open.id)));
  for (const { number, open } of resume) {
    const saved = (spilled.get(open.id) ?? []).reduce(withChange, savedInStore(keeper, open.id));
    yield {
      number,
      open,
      call: saved === null ? null : resumeCall(number, open, saved, budget),
      hasEnded: saved !== null && !saved.isOpen,
    };
  }
}

function savedInStore(keeper: Keeper, id: string): SavedCall | null {
  const { store } = keeper;
  if (store === null) return null;
  try {
    const stored = readRunning(store, id);
    return stored === null ? null : savedCall(stored);
  } catch (error) {
    keeper.readFailed(error);
    return null;
  }
}
