/**
 * Texts of a call's details, small by a dictionary of what they are made of: nearly all of it is names of headers and fields.
 * A text that this does not make smaller is stored as it is; SQL reads both through the function `detail_text`.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import { customType } from 'drizzle-orm/sqlite-core';
import { createShortDeflate } from './short-deflate.ts';
import { bytesOfText } from './text-bytes.ts';

/** A column of such texts. */
export const detailText = customType<{ data: string; driverData: Buffer | string }>({
  dataType: () => 'text',
  toDriver: (text: string) => packIfText(text),
  fromDriver: unpackText,
});

/** Drizzle hands a NULL that stands for a placeholder to the type of its column too. */
function packIfText(text: string | null): Buffer | string {
  // The driver takes NULL as it is; only the type of this function has no room for it.
  return text === null ? (text as unknown as string) : packText(text);
}

/** First byte of a packed text: which dictionary it needs. A change of the dictionary is a second one beside it. */
const firstDictionary = 1;
const mostTextBytes = 64 * 1024 * 1024;

export function packText(text: string): Buffer | string {
  // Lone surrogates do not survive UTF-8; no text of ours has any, but an upstream's might.
  if (!text.isWellFormed()) return text;
  const packed = short.pack(firstDictionary, text) ?? packLong(text);
  return packed.byteLength >= Buffer.byteLength(text) ? text : bytesOfText(text, packed);
}

function packLong(text: string): Buffer {
  return Buffer.concat([Buffer.of(firstDictionary), deflateRawSync(text, { level: 6, dictionary })]);
}

/** Throws for bytes that `packText` did not make. */
export function unpackText(stored: Buffer | string): string {
  if (typeof stored === 'string') return stored;
  if (stored[0] !== firstDictionary) throw new Error('a packed text of another version');
  return inflateRawSync(stored.subarray(1), { maxOutputLength: mostTextBytes, dictionary }).toString();
}

/** Makes `detail_text(column)` known to a connection: the text, NULL for NULL and for what cannot be unpacked. */
export function addDetailText(sqlite: Database.Database): void {
  sqlite.function('detail_text', { deterministic: true }, (stored: unknown) => {
    if (typeof stored === 'string') return stored;
    if (!Buffer.isBuffer(stored)) return null;
    try {
      return unpackText(stored);
    } catch {
      // One damaged row must not fail a list; `weir check` tells of it.
      return null;
    }
  });
}

/** What is most frequent stands last, where it is cheapest to name. */
const dictionary = Buffer.from(
  [
    '"x-envoy-upstream-service-time","via","1.1 google","server","cloudflare","cf-cache-status","DYNAMIC","cf-ray","-FRA"',
    '"x-robots-tag","none","content-security-policy","default-src \'none\'; frame-ancestors \'none\'","vary","Accept-Encoding"',
    '"strict-transport-security","max-age=31536000; includeSubDomains; preload"',
    '"anthropic-ratelimit-input-tokens-limit","anthropic-ratelimit-input-tokens-remaining","anthropic-ratelimit-input-tokens-reset"',
    '"anthropic-ratelimit-output-tokens-limit","anthropic-ratelimit-output-tokens-remaining","anthropic-ratelimit-requests-limit"',
    '"anthropic-ratelimit-unified-status","allowed","anthropic-ratelimit-unified-5h-status","anthropic-ratelimit-unified-5h-reset"',
    '"anthropic-ratelimit-unified-5h-utilization","0.","anthropic-ratelimit-unified-7d-status","anthropic-ratelimit-unified-reset","17"',
    '"anthropic-ratelimit-unified-representative-claim","five_hour","anthropic-ratelimit-unified-fallback-percentage","0.5"',
    '"anthropic-ratelimit-unified-overage-status","rejected","anthropic-organization-id","request-id","req_011C"',
    '["date","Mon, Tue, Wed, Thu, Fri, Sat, Sun, Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2026 2027 00:00:00 GMT"',
    '"content-type","application/json","content-type","text/event-stream; charset=utf-8","transfer-encoding","chunked"',
    '"cache-control","no-cache","connection","keep-alive"]["host","api.anthropic.com","accept","application/json"',
    '"accept-language","*","sec-fetch-mode","cors","x-api-key","[masked]","authorization","[masked]","Bearer"',
    '"accept-encoding","gzip, deflate, br, zstd","gzip, br","content-length","1","2","3"',
    '"user-agent","claude-cli/2.1.2 (external, cli)","Anthropic/JS 0.","Anthropic/Python","python-httpx/0.28","curl/8"',
    '"x-claude-code-session-id","x-claude-code-agent-id","x-client-request-id","x-app","cli","idempotency-key","stainless-node-retry-"',
    '"anthropic-version","2023-06-01","anthropic-beta","claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,',
    'context-management-2025-06-27,fine-grained-tool-streaming-2025-05-14,prompt-caching-scope-2026-01-05,effort-2025-11-24,',
    'context-1m-2025-08-07,token-counting-2024-11-01,mcp-client-2025-11-20,code-execution-2025-08-25,structured-outputs-2025-11-13"',
    '"anthropic-dangerous-direct-browser-access","true","x-stainless-helper-method","stream","x-stainless-lang","js","python"',
    '"x-stainless-package-version","0.","1.","x-stainless-os","Linux","MacOS","Windows","x-stainless-arch","x64","arm64"',
    '"x-stainless-runtime","node","x-stainless-runtime-version","v24.","v22.","x-stainless-retry-count","0","x-stainless-timeout","600"',
    '{"tools":["Agent","AskUserQuestion","Bash","Edit","ExitPlanMode","Glob","Grep","NotebookEdit","Read","Skill","Task","TaskCreate",',
    '"TaskOutput","TaskStop","TaskUpdate","TodoWrite","ToolSearch","WebFetch","WebSearch","Write","mcp__"],"serverTools":[],"toolsBytes":',
    '9,"systemBytes":1,"messages":1,"maxTokens":32000,"effort":null,"effort":"high","thinking":null,"thinking":{"type":"adaptive"},',
    '"thinking":{"type":"enabled","budget_tokens":31999},"speed":null,"serviceTier":null,"betas":["claude-code-20250219",',
    '"interleaved-thinking-2025-05-14","context-management-2025-06-27"],"apiVersion":"2023-06-01","breakpoints":[{"at":"system.0","ttl":"1h"},',
    '{"at":"system.1","ttl":"5m"},{"at":"messages.0.content.0","ttl":"5m"},{"at":"tools.1","ttl":"5m"}],"provider":null,',
    '"previousMessageId":null,"retryCount":0,"agentType":null,"promptId":null}{"start":{"input_tokens":1,"cache_creation_input_tokens":0,',
    '"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,',
    '"service_tier":"standard","inference_geo":"not_available"},"delta":{"input_tokens":1,"cache_creation_input_tokens":0,',
    '"cache_read_input_tokens":0,"output_tokens":2,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":{"web_search_requests":0,',
    '"web_fetch_requests":0},"iterations":[{"type":"message"}]},"merged":{"input_tokens":4,"cache_read_input_tokens":',
    '[{"class":"web_search","quantity":1,"rate_femto_usd":"10000000000000","multipliers":[],"amount_nano_usd":"10000000",',
    '{"class":"input","quantity":4,"rate_femto_usd":"3000000000","multipliers":[],"amount_nano_usd":"12000","model":"claude-haiku-4-5",',
    '"source":"book","book_version":"2026-11-22","effective_from":"2026-09-22","iteration":null},{"class":"cache_write_1h","quantity":',
    '1,"rate_femto_usd":"6000000000","multipliers":[{"name":"inference_geo","factor":"1.1"}],"amount_nano_usd":"1","model":"claude-sonnet-5-5",',
    '"source":"book","book_version":"2026-11-22","effective_from":"2026-09-22","iteration":null},{"class":"cache_read","quantity":',
    '6,"rate_femto_usd":"300000000","multipliers":[],"amount_nano_usd":"1","model":"claude-opus-5-5","source":"book","book_version":',
    '"2026-11-22","effective_from":"2026-09-22","iteration":null},{"class":"cache_write_5m","quantity":1,"rate_femto_usd":"5000000000",',
    '"multipliers":[],"amount_nano_usd":"1","model":"claude-opus-5-5","source":"book","book_version":"2026-11-22","effective_from":"2026-09-22",',
    '"iteration":null},{"class":"output","quantity":6,"rate_femto_usd":"20000000000","multipliers":[],"amount_nano_usd":"12000000",',
    '"model":"claude-opus-5-5","source":"book","book_version":"2026-11-22","effective_from":"2026-09-22","iteration":null}]',
  ].join(''),
);

const short = createShortDeflate(dictionary);
