/** Which columns rollups are kept by, and the numbers of their rows. Pure. */

/** Each scope has these two, as nearly every question asks for them. */
const common = ['demo', 'replay_of'] as const;

/** The narrowest that has all columns of a question answers it. */
export const scopes = [
  { name: 'model', columns: ['model', ...common], hasLatencies: true },
  {
    name: 'outcome',
    columns: [
      'model',
      'requested_model',
      'status',
      'state',
      'error_kind',
      'message_state',
      'stop_reason',
      'stream',
      'service_tier',
      ...common,
    ],
    hasLatencies: false,
  },
  {
    name: 'people',
    columns: ['model', 'user_id', 'team', 'key_id', 'cache_miss_cause', ...common],
    hasLatencies: false,
  },
] as const;

export type Scope = (typeof scopes)[number];
export type RollupColumn = Scope['columns'][number];

export const hourMs = 3_600_000;
const keysOfHour = 2 ** 30;
export const hoursOfScope = 2 ** 20;

/** Id of the row for a key in an hour; hours before 1970 or after 2089 have none. */
export function rollupId(scope: Scope, hour: number, key: number): number {
  return (scopes.indexOf(scope) * hoursOfScope + hour) * keysOfHour + key;
}

/** The first id that a row of this hour can have. */
export function firstRollupId(scope: Scope, hour: number): number {
  return rollupId(scope, hour, 0);
}

export function hasRollup(hour: number): boolean {
  return hour >= 0 && hour < hoursOfScope;
}
