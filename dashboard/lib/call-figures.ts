/** What calls are compared by. */
import type { Call } from '../../server/api/wire.ts';
import { totalTokens } from './filters.ts';
import type { Unit } from './metrics.ts';

/** One figure of a call, in the order in which calls are compared. */
export interface CallFigure {
  readonly label: string;
  readonly unit: Unit;
  readonly of: (call: Call) => number | null;
}

export const CALL_FIGURES: readonly CallFigure[] = [
  { label: 'Cost', unit: 'money', of: (call) => call.cost_nano_usd },
  { label: 'Tokens', unit: 'count', of: totalTokens },
  { label: 'Uncached input', unit: 'count', of: (call) => call.input_tokens },
  { label: 'Cache read', unit: 'count', of: (call) => call.cache_read_tokens },
  { label: 'Cache write 5 m', unit: 'count', of: (call) => call.cache_write_5m_tokens },
  { label: 'Cache write 1 h', unit: 'count', of: (call) => call.cache_write_1h_tokens },
  { label: 'Output', unit: 'count', of: (call) => call.output_tokens },
  { label: 'Thinking', unit: 'count', of: (call) => call.thinking_tokens },
  { label: 'First token', unit: 'duration', of: (call) => call.ttft_us },
  { label: 'Duration', unit: 'duration', of: (call) => call.duration_us },
];
