/** The shapes that answers of the store have to have: they are served as they are. */
// oxlint-disable-next-line no-restricted-imports -- types only: the wire is stated once, and the store's answers are checked against it where they are made.
export type {
  Bucket,
  Call,
  CallDetail,
  CallsPage,
  ChainHead,
  CostLine,
  CostRevision,
  Facets,
  Metric,
  Retention,
  Session,
  SessionAgent,
  SessionCall,
  SessionDetail,
  SessionSpan,
  SessionsPage,
  SessionTotals,
  Stats,
  StatsRow,
} from '../api/wire.ts';
