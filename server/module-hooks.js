// Loaded first in every thread and process of ours. Plain JavaScript, so that the hooks are there before the first TypeScript file.
import { enableCompileCache, registerHooks } from 'node:module';

enableCompileCache();

// drizzle-orm's package.json is 180 kB of exports, and Node parses it anew for each of its 130 modules: 0.6 s and 150 MB of
// garbage in every thread that touches the store. Its own relative imports need no package.json to be resolved: 0.04 s.
// prom-client requires the 51 modules of OpenTelemetry for exemplars of its default metrics; we use neither.
// zod brings the messages of 60 languages along, of which it uses one: half of its modules and 9 MB.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '../locales/index.js' && context.parentURL?.includes('/node_modules/zod/') === true) {
      return next('../locales/en.js', context);
    }
    if (
      specifier === '@opentelemetry/api' &&
      context.parentURL?.includes('/node_modules/prom-client/') === true
    ) {
      return next('node:events', context);
    }
    const isWithin =
      specifier.startsWith('.') && context.parentURL?.includes('/node_modules/drizzle-orm/') === true;
    if (!isWithin || !specifier.endsWith('.js')) return next(specifier, context);
    return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true };
  },
});
