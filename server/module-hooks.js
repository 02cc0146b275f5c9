// Loaded first in every thread and process of ours. Plain JavaScript, so that the hooks are there before the first TypeScript file.
import { enableCompileCache, registerHooks } from 'node:module';

enableCompileCache();

/**
 * What packages ask for and we make no use of: who asks for what, and what is there in its place.
 * zod brings the messages of 60 languages along: half of its modules and 9 MB.
 * express reads every body and query that anybody could send, and has 80 modules for that; prom-client another 80, for metrics
 * of its own, their exemplars, summaries, and clusters.
 */
const unused = new Map([
  ['../locales/index.js', { by: 'zod', instead: '../locales/en.js' }],
  ['body-parser', { by: 'express', instead: 'node:events' }],
  ['qs', { by: 'express', instead: 'node:querystring' }],
  ['@opentelemetry/api', { by: 'prom-client', instead: 'node:events' }],
  ['./lib/cluster', { by: 'prom-client', instead: 'node:events' }],
  ['./lib/defaultMetrics', { by: 'prom-client', instead: 'node:events' }],
  ['./lib/pushgateway', { by: 'prom-client', instead: 'node:events' }],
  ['./lib/summary', { by: 'prom-client', instead: 'node:events' }],
]);

// drizzle-orm's package.json is 180 kB of exports, and Node parses it anew for each of its 130 modules: 0.6 s and 150 MB of
// garbage in every thread that touches the store. Its own relative imports need no package.json to be resolved: 0.04 s.
registerHooks({
  resolve(specifier, context, next) {
    const isOf = (name) => context.parentURL?.includes(`/node_modules/${name}/`) === true;
    const other = unused.get(specifier);
    if (other !== undefined && isOf(other.by)) return next(other.instead, context);
    if (!specifier.startsWith('.') || !specifier.endsWith('.js') || !isOf('drizzle-orm'))
      return next(specifier, context);
    return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true };
  },
});
