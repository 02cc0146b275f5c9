/** The prices that the server would record with: the book, and the user's price file on top of it. */
import { createPricer, type Pricer } from '../pricing/engine.ts';
import { readOverrides, type PriceSourceOptions } from './price-source.ts';

/** @throws ConfigError for a price file that cannot be used */
export function createOwnPricer(options: PriceSourceOptions): Pricer {
  const overrides = readOverrides(options);
  return createPricer(overrides === null ? {} : { overrides });
}
