/** Which requests may be sent again: those that cost money at the most, and change nothing at the provider. */
import { asArray, asObject, asText, type JsonObject } from './json.ts';

const repeatablePath = /(?:^|\/)v1\/messages(?:\/count_tokens)?\/?$/;

/** Why sending it again would do more than cost money; null when it would not. */
export function whyNotResendable(method: string, path: string): string | null {
  if (method === 'GET' || method === 'HEAD') return null;
  if (method === 'POST' && repeatablePath.test(path)) return null;
  return `${method} ${path} may create, change or delete something at the provider: only messages, token counts and reads are sent again`;
}

/** What somebody should know before this request goes out again, a sentence each. */
export function resendWarnings(request: JsonObject | null): string[] {
  if (request === null) return [];
  const warnings: string[] = [];
  const serverTools = asArray(request['tools'])
    .map((tool) => asText(asObject(tool)?.['type']))
    .filter((type): type is string => type !== null && type !== 'custom');
  if (asArray(request['mcp_servers']).length > 0) {
    warnings.push('The provider may call the MCP servers of this request again.');
  }
  if (serverTools.length > 0) {
    warnings.push(`Tools that run at the provider may run again: ${[...new Set(serverTools)].join(', ')}.`);
  }
  const isContinued =
    asObject(request['thread'])?.['type'] === 'continue' || asText(request['container']) !== null;
  if (isContinued) warnings.push('It goes on from something that the provider may have forgotten by now.');
  return warnings;
}
