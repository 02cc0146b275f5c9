/** The dashboard: its one page, for every address that it routes by itself, and the files of its build. */
import { join } from 'node:path';
import express, { type Request, type RequestHandler } from 'express';
import { ApiError } from './errors.ts';
import { refuseOtherMethods } from './methods.ts';

/** First segments of the addresses that the dashboard itself routes; anything may follow. */
const dashboardPages = [
  'overview',
  'requests',
  'sessions',
  'explore',
  'compare',
  'replays',
  'settings',
] as const;

/** Below `/-`: `/`, `/overview`, `/requests/ID`, … */
export const dashboardPath = new RegExp(`^/(?:(?:${dashboardPages.join('|')})(?:/.*)?)?$`);

/** @param directory of the build, with `index.html` and `assets/`; may be missing, then pages say so with 503 */
export function dashboardRoutes(directory: string): express.Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.route(dashboardPath).get(sendPage(directory)).all(refuseOtherMethods);
  // Names in assets/ hold a hash of the content; `private`, because a shared cache knows no token.
  router.use('/assets', serveFiles(join(directory, 'assets'), 'private, max-age=31536000, immutable'));
  router.use(serveFiles(directory, 'no-cache'));
  return router;
}

function sendPage(directory: string): RequestHandler {
  return (request, response, next) => {
    if (!wantsHtml(request)) return next('route');
    response.setHeader('vary', 'accept');
    response.setHeader('cache-control', 'no-cache');
    response.sendFile('index.html', { root: directory, cacheControl: false }, (error: unknown) => {
      if (!(error instanceof Error)) return;
      // The browser went away; there is nobody to tell.
      if (response.headersSent || request.destroyed) return;
      if (!('code' in error) || error.code !== 'ENOENT') return next(error);
      next(
        new ApiError('dashboard_missing', 'Run "npm run build" in the checkout, then load this page again.', {
          cause: error,
        }),
      );
    });
  };
}

function wantsHtml(request: Request): boolean {
  return request.accepts(['text/html', 'application/json']) === 'text/html';
}

function serveFiles(directory: string, cacheControl: string): RequestHandler {
  return express.static(directory, {
    index: false,
    redirect: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (response) => response.setHeader('cache-control', cacheControl),
  });
}
