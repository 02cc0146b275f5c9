/** Asks the provider's Admin API for its reports. The only place of these that reaches the network, and only when somebody says so. */
import { asObject, asText, parseJson, type JsonObject } from '../messages/json.ts';

/** The provider would not tell; one sentence. */
export class ReportRefused extends Error {
  override readonly name = 'ReportRefused';
  /** HTTP status; null where there was no answer. */
  readonly status: number | null;

  constructor(message: string, status: number | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface FetchTask {
  /** Origin and path prefix of the provider. */
  readonly upstream: URL;
  readonly adminKey: string;
  /** UTC days, `2026-11-20`; the second one is not part of it. */
  readonly fromDay: string;
  readonly endDay: string;
  readonly byKey: boolean;
  readonly byWorkspace: boolean;
}

const mostBytes = 64 * 1024 * 1024;
const mostPages = 500;
const waitMs = 60_000;

/** Pages of both reports, one on each line. @throws ReportRefused */
export async function fetchReports(task: FetchTask, onPage: (pages: number) => void): Promise<string> {
  const pages: JsonObject[] = [];
  const workspace = task.byWorkspace ? ['workspace_id'] : [];
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['usage_report/messages', ['model', ...(task.byKey ? ['api_key_id'] : []), ...workspace]],
    ['cost_report', ['description', ...workspace]],
  ];
  for (const [report, groupBy] of groups) {
    let page: string | null = null;
    do {
      if (pages.length >= mostPages)
        throw new ReportRefused(`The report has more than ${mostPages} pages: ask for fewer days.`, null);
      const found = await fetchPage(urlOf(task, report, groupBy, page), task.adminKey);
      pages.push(found);
      onPage(pages.length);
      page = found['has_more'] === true ? asText(found['next_page']) : null;
    } while (page !== null);
  }
  return pages.map((page) => JSON.stringify(page)).join('\n');
}

function urlOf(
  { upstream, fromDay, endDay }: FetchTask,
  report: string,
  groupBy: readonly string[],
  page: string | null,
): URL {
  const url = new URL(`${upstream.href.replace(/\/$/, '')}/v1/organizations/${report}`);
  url.searchParams.set('starting_at', `${fromDay}T00:00:00Z`);
  url.searchParams.set('ending_at', `${endDay}T00:00:00Z`);
  url.searchParams.set('bucket_width', '1d');
  url.searchParams.set('limit', '31');
  for (const group of groupBy) url.searchParams.append('group_by[]', group);
  if (page !== null) url.searchParams.set('page', page);
  return url;
}

async function fetchPage(url: URL, adminKey: string): Promise<JsonObject> {
  const { status, text } = await ask(url, adminKey);
  const parsed = parseJson(text);
  const page = parsed.ok ? asObject(parsed.value) : null;
  if (status === 200 && page !== null && Array.isArray(page['data'])) return page;
  const said = asText(asObject(page?.['error'])?.['message']);
  const hint = status === 401 || status === 403 ? ' ANTHROPIC_ADMIN_KEY has to be an Admin API key.' : '';
  throw new ReportRefused(
    `${url.host} answers ${status} for ${url.pathname}${said === null ? '' : `: ${said.slice(0, 200)}`}.${hint}`,
    status,
  );
}

async function ask(url: URL, adminKey: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      headers: { 'x-api-key': adminKey, 'anthropic-version': '2023-06-01' },
      // The key goes to nobody else.
      redirect: 'manual',
      signal: AbortSignal.timeout(waitMs),
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw new Error('the answer is too large');
      chunks.push(chunk);
    }
    return { status: response.status, text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReportRefused(`${url.host} cannot be asked: ${why}.`, null, { cause: error });
  }
}
