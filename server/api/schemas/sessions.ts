/** Schemas of sessions. */
import { z } from 'zod';
import type * as wire from '../wire.ts';
import { callShape } from './call.ts';
import { totalCounts, totalNames } from '../../store/session-totals.ts';
import { exactly, integer, nullableText, nullableInteger, nullableNumber, shapeOf } from './shape.ts';

export const sessionTotalsSchema = exactly<wire.SessionTotals>()(
  z.strictObject({ ...shapeOf(totalNames, nullableNumber), ...shapeOf(totalCounts, integer) }),
);

const spanShape = {
  started_ms: integer,
  started: z.string(),
  ended_ms: nullableInteger,
  ended: nullableText,
  models: z.array(z.string()),
  title: nullableText,
};

export const sessionSchema = exactly<wire.Session>()(
  z.strictObject({
    session_id: z.string(),
    ...spanShape,
    user_id: nullableText,
    team: nullableText,
    calls: integer,
    agents: integer,
    totals: sessionTotalsSchema,
  }),
);

export const sessionsPageSchema = exactly<wire.SessionsPage>()(
  z.strictObject({
    items: z.array(sessionSchema),
    next_cursor: nullableText,
    incomplete: z.string().exactOptional(),
  }),
);

export const sessionAgentSchema = exactly<wire.SessionAgent>()(
  z.strictObject({
    agent_id: nullableText,
    parent_agent_id: nullableText,
    depth: integer,
    ...spanShape,
    own_totals: sessionTotalsSchema,
    totals: sessionTotalsSchema,
  }),
);

export const sessionDetailSchema = exactly<wire.SessionDetail>()(
  z.strictObject({
    session_id: z.string(),
    ...spanShape,
    user_id: nullableText,
    team: nullableText,
    agents: z.array(sessionAgentSchema),
    own_totals: sessionTotalsSchema,
    totals: sessionTotalsSchema,
    calls: z.array(
      z.strictObject({ ...callShape, context_tokens: nullableInteger, idle_ms: nullableInteger }),
    ),
    next_cursor: nullableText,
  }),
);
