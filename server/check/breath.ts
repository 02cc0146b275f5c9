const breathEveryMs = 50;
const breathEverySteps = 500;

/** A breath for timers and signals: what is returned waits a moment each time enough was done since the last one, after it has called `before`. */
export function createBreath(): (before: () => void) => Promise<void> {
  let [steps, lastMs] = [0, performance.now()];
  return async (before) => {
    if (++steps < breathEverySteps && performance.now() - lastMs < breathEveryMs) return;
    before();
    await new Promise((resolve) => setImmediate(resolve));
    [steps, lastMs] = [0, performance.now()];
  };
}
