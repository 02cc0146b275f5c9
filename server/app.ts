/**
 * One server for both sides: what lies under `/-/` is ours, everything else is the upstream's. Express decides, except for calls to
 * `/v1/messages`: their way is the shortest there is (docs/decisions/040-direct-dispatch.md), and plain ones do not even come here (043-bare-connections.md). Does not listen.
 */
import type http from 'node:http';
import createApplication, {
  type Express,
  type NextFunction,
  type Request,
  type Response,
  type Router,
} from 'express';
import { isMessagesTarget, isOwnTarget } from './proxy/target.ts';

export interface AppDeps {
  /** Our own side, mounted at `/-`. */
  readonly api: Router;
  /** Takes every other request and answers it in every case. */
  forward(req: http.IncomingMessage, res: http.ServerResponse): void;
}

export interface App {
  /** The prototypes that Express gives to requests and responses. */
  readonly request: object;
  readonly response: object;
  /** For `http.createServer`. */
  readonly handle: http.RequestListener;
}

export function createApp(deps: AppDeps): App {
  const express = createExpress(deps);
  return {
    request: express.request,
    response: express.response,
    handle: (req, res) => {
      if (!isMessagesTarget(req.method, req.url ?? '')) {
        express(req, res);
        return;
      }
      try {
        deps.forward(req, res);
      } catch {
        // As Express would: one call that we cannot handle must not end the others with the program.
        sayBroken(res);
      }
    },
  };
}

function createExpress(deps: AppDeps): Express {
  const app = createApplication();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);
  app.use((req, res, next) => {
    // The raw target decides, before anything could decode or normalise it into another route.
    if (isOwnTarget(req.url)) next();
    else if (isBrowserAtTheDoor(req)) res.redirect(303, '/-/');
    else deps.forward(req, res);
  });
  app.use('/-', deps.api);
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error);
    else sayBroken(res);
  });
  return app;
}

function isBrowserAtTheDoor(req: Request): boolean {
  return req.method === 'GET' && req.url === '/' && (req.headers.accept ?? '').includes('text/html');
}

function sayBroken(res: http.ServerResponse): void {
  if (res.headersSent) res.destroy();
  else
    res
      .writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Something went wrong inside Weir.\n');
}
