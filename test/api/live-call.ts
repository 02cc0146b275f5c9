/** A call as it is published while it runs. */
import type { Call } from '../../server/api/wire.ts';
import { callSchema } from '../../server/api/schemas/call.ts';

let count = 0;

/** An open call with a new id; everything that is not given is unknown. */
export function liveCall(columns: Partial<Call> = {}): Call {
  count += 1;
  const unknown = Object.fromEntries(Object.keys(callSchema.shape).map((name) => [name, null]));
  return callSchema.parse({
    ...unknown,
    id: `call-${count}`,
    state: 'open',
    method: 'POST',
    path: '/v1/messages',
    started_ms: 1_750_000_000_000 + count,
    started: new Date(1_750_000_000_000 + count).toISOString(),
    bodies: 'full',
    demo: 0,
    ...columns,
  });
}
