/** Which recorded headers go out again with a request, and with what. Pure. */
import type { RawHeaders } from '../exchange.ts';
import { isSecretHeader, MASK } from '../proxy/headers.ts';

/**
 * What belonged to the one connection, attempt or page that the call was part of. Everything else goes again: versions, betas,
 * the client's own fields, those of gateways that we do not know.
 */
const ofThatTime = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'date',
  'via',
  'forwarded',
  'from',
  'origin',
  'referer',
  'range',
  'priority',
  'cdn-loop',
  'true-client-ip',
  'x-real-ip',
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'sentry-trace',
  'uber-trace-id',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'x-request-id',
  'x-correlation-id',
  'x-client-request-id',
  'idempotency-key',
  'x-idempotency-key',
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-stainless-read-timeout',
]);
const ofThatTimePrefix = /^(?:x-weir-|x-forwarded-|x-b3-|x-datadog-|x-envoy-|sec-|proxy-|if-|cf-)/;

export interface ResentHeaders {
  /** Flat `[name, value, …]`, in the old order. */
  readonly headers: string[];
  /** Names of those that are left out because only their mask was kept, without the usual ones for a credential. */
  readonly masked: string[];
}

/** @param isChanged the body was decoded to change it, so that its coding is gone */
export function resentHeaders(recorded: RawHeaders, isChanged: boolean): ResentHeaders {
  const named = namedByConnection(recorded);
  const headers: string[] = [];
  const masked: string[] = [];
  for (let at = 0; at + 1 < recorded.length; at += 2) {
    const [name = '', value = ''] = [recorded[at], recorded[at + 1]];
    const lower = name.toLowerCase();
    if (ofThatTime.has(lower) || ofThatTimePrefix.test(lower) || named.has(lower)) continue;
    if (isChanged && lower === 'content-encoding') continue;
    // Imported calls bring what no parser has let pass: a line break here would be a request of its own.
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    if (isSecretHeader(name) || value.includes(MASK)) {
      if (!isCredential(lower)) masked.push(lower);
    } else headers.push(name, value);
  }
  return { headers, masked };
}

/** @param key an API key, or `Bearer …` */
export function credentialHeader(key: string): [name: string, value: string] {
  return key.startsWith('Bearer ') ? ['authorization', key] : ['x-api-key', key];
}

function isCredential(lowerName: string): boolean {
  return lowerName === 'x-api-key' || lowerName === 'authorization' || lowerName.includes('cookie');
}

function namedByConnection(recorded: RawHeaders): ReadonlySet<string> {
  const lines = recorded.filter((_, at) => at % 2 === 1 && recorded[at - 1]?.toLowerCase() === 'connection');
  return new Set(lines.flatMap((line) => line.split(',')).map((token) => token.trim().toLowerCase()));
}
