/** The YAML library, read when there is YAML: most programs run without a file of settings, and its 72 modules cost a start 40 ms. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export function yaml(): typeof import('yaml') {
  return require('yaml');
}
