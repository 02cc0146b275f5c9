/** Where the user's prices are, and what they are: the server would record with them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, readConfig, type Config } from '../config.ts';
import { PriceFileError } from '../pricing/price-file-error.ts';
import { parsePriceFile, type PriceFile } from '../pricing/price-file.ts';

export interface PriceSourceOptions {
  /** Price file; undefined looks where the server would. */
  readonly prices?: string;
  readonly dataDir?: string;
  readonly config?: string;
}

/** Where the server looks for the user's prices; the file may be missing. */
export function priceFilePath(config: Config): string {
  return config.prices ?? join(config.dataDir, 'prices.json');
}

/** The configuration that the server would have with these. @throws ConfigError */
export function priceConfig({ prices, dataDir, config }: PriceSourceOptions): Config {
  const flags = {
    ...(prices === undefined ? {} : { prices }),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
  return readConfig(flags, config);
}

/** The user's prices, null where there are none. @throws ConfigError */
export function readOverrides(options: PriceSourceOptions): PriceFile | null {
  const config = priceConfig(options);
  const path = priceFilePath(config);
  if (config.prices === null && !existsSync(path)) return null;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`The price file ${path} cannot be read: ${reason}.`, { cause: error });
  }
  return readPrices(text, path);
}

/** The user's prices; `name` is what errors call them. @throws ConfigError */
export function readPrices(text: string, name: string): PriceFile {
  try {
    return parsePriceFile(text, name);
  } catch (error) {
    if (error instanceof PriceFileError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}
