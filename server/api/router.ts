/** Our own HTTP side, all of it: who may come in, the probes, the API and the dashboard. */
import express from 'express';
import { z } from 'zod';
import type { Reader } from '../reader/questions.ts';
import type { Replayer } from '../replay/replayer.ts';
import { createGate } from './auth.ts';
import { formatSuffixes } from './collection.ts';
import { defineEndpoint, sendJson, type Endpoint } from './endpoint.ts';
import { ApiError, handleErrors, type ApiLog } from './errors.ts';
import { checkHost, checkOrigin } from './guards.ts';
import type { LiveFeed } from './live.ts';
import { refuseAllBut, refuseOtherMethods } from './methods.ts';
import { cacheEndpoints } from './routes/cache.ts';
import { callEndpoints } from './routes/calls.ts';
import { exportEndpoint } from './routes/export.ts';
import { healthEndpoint } from './routes/health.ts';
import { liveEndpoint } from './routes/live.ts';
import { replayEndpoints } from './routes/replay.ts';
import { probeRoutes, type Readiness } from './routes/probes.ts';
import { sessionEndpoints } from './routes/sessions.ts';
import {
  pricesEndpoint,
  retentionEndpoint,
  settingsEndpoint,
  type RetentionDeps,
} from './routes/settings.ts';
import { facetsEndpoint, statsEndpoint } from './routes/stats.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { dashboardPath, dashboardRoutes } from './static.ts';
import type { Health, Settings } from './wire.ts';

export interface ApiDeps {
  readonly reader: Reader;
  readonly live: LiveFeed;
  readonly replayer: Replayer;
  /** Access token; null lets everyone in (`--no-auth`). */
  readonly token: string | null;
  /** Host names besides the loopback ones under which Weir may be reached, without port. */
  readonly allowedHosts: readonly string[];
  health(): Health;
  settings(): Settings;
  readonly retention: RetentionDeps;
  ready(): Readiness;
  /** Prometheus text; without it `/-/metrics` is 404. */
  readonly metricsText?: () => Promise<string>;
  /** The build of the dashboard, with `index.html`; may be missing. */
  readonly dashboardDir: string;
  readonly version: string;
  readonly log: ApiLog;
  /** Wall clock, epoch ms; the system's if not given. */
  readonly now?: () => number;
}

/** Everything below `/-`; mount it there, after the proxy's own `/-/as/`. Answers every request that it gets. */
export function createApi(deps: ApiDeps): express.Router {
  const gate = createGate(deps.token);
  const router = createRouter();
  router.use(setSecurityHeaders, checkHost(deps.allowedHosts), checkOrigin);
  router.use(addSlash);
  router.use(probeRoutes(gate, () => deps.ready(), deps.metricsText));
  router.get(dashboardPath, gate.admit);
  router.use(gate.require);
  router.use('/api/v1', apiRoutes(deps));
  router.use(dashboardRoutes(deps.dashboardDir));
  router.use(refuseUnknown);
  router.use(handleErrors(deps.log));
  return router;
}

function createRouter(): express.Router {
  return express.Router({ caseSensitive: true, strict: true });
}

/** `/-` is `/-/`: the dashboard's relative addresses and the cookie's path need the slash. */
const addSlash: express.RequestHandler = (request, response, next) => {
  const { originalUrl } = request;
  if (originalUrl !== '/-' && !originalUrl.startsWith('/-?')) return next();
  response.setHeader('location', `/-/${originalUrl.slice(2)}`);
  response.statusCode = 308;
  response.end();
};

function apiRoutes(deps: ApiDeps): express.Router {
  const router = createRouter();
  for (const { method, path, answer, handle } of allEndpoints(deps)) {
    const suffixes = answer.kind === 'collection' ? ['', ...formatSuffixes] : [''];
    const route = router.route(suffixes.map((suffix) => `${path}${suffix}`));
    route[method]((request, response) => handle(request, response));
    route.all(method === 'get' ? refuseOtherMethods : refuseAllBut(['POST']));
  }
  router.use(refuseUnknown);
  return router;
}

function allEndpoints(deps: ApiDeps): readonly Endpoint[] {
  const now = deps.now ?? (() => Date.now());
  const endpoints = [
    ...callEndpoints(deps.reader, now),
    ...replayEndpoints(deps.replayer, deps.reader),
    ...sessionEndpoints(deps.reader, now),
    statsEndpoint(deps.reader, now),
    facetsEndpoint(deps.reader, now),
    ...cacheEndpoints(deps.reader, now),
    exportEndpoint(deps.reader, now),
    healthEndpoint(() => deps.health()),
    settingsEndpoint(() => deps.settings()),
    pricesEndpoint(deps.reader, now),
    retentionEndpoint(deps.reader, deps.retention, now),
    liveEndpoint(deps.live, now),
  ];
  return [...endpoints, descriptionOf(endpoints, deps.version)];
}

function descriptionOf(endpoints: readonly Endpoint[], version: string): Endpoint {
  const itself = defineEndpoint({
    path: '/openapi.json',
    summary: 'This description.',
    query: z.strictObject({}),
    answer: { kind: 'json', schema: z.record(z.string(), z.unknown()) },
    async handle(_query, _request, response) {
      // Made when somebody reads it: no start need wait for that.
      const { describeApi } = await import('./openapi.ts');
      description ??= describeApi([...endpoints, itself], version);
      sendJson(response, description);
    },
  });
  let description: object | null = null;
  return itself;
}

const refuseUnknown: express.RequestHandler = (_request, _response, next) => {
  next(
    new ApiError('not_found', 'There is nothing at this address; /-/api/v1/openapi.json describes the API.'),
  );
};
