/** What a started program says: where it is and the line to paste. */
import type { Config } from '../config.ts';
import { sizeText } from './size-text.ts';

export interface BannerFacts {
  readonly config: Config;
  readonly proxyUrl: string;
  readonly dashboardUrl: string;
  /** Null where that is not known at once. */
  readonly storeBytes: number | null;
}

/** Several lines for stderr, the last one empty. */
export function banner({ config, proxyUrl, dashboardUrl, storeBytes }: BannerFacts): string {
  const upstream = config.demo ? 'the demo inside this process' : config.upstream.href.replace(/\/$/, '');
  return [
    '',
    `  Weir${config.demo ? ' (demo: every call is a sample)' : ''}`,
    '',
    `  dashboard  ${dashboardUrl}`,
    `  proxy      ${proxyUrl}`,
    `  store      ${config.store}${storeBytes === null ? '' : ` (${sizeText(storeBytes)})`}`,
    `  upstream   ${upstream}`,
    '',
    '  Point your client at it:',
    '',
    `  export ANTHROPIC_BASE_URL=${proxyUrl}`,
    '',
    '',
  ].join('\n');
}
