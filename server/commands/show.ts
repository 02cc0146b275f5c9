/** `weir show`: one call, and what was said in it. */
import type { CallDetail } from '../api/wire.ts';
import { parseRequest } from '../messages/conversation.ts';
import { joinChunks } from '../messages/decode.ts';
import { answerTexts, requestTexts } from '../messages/text.ts';
import { answerBody, readDecoded, readUnderstood } from '../reader/content.ts';
import { readCall } from '../store/calls.ts';
import { openStore, type Store } from '../store/open.ts';
import { outcomeOf } from './call-text.ts';
import type { CommandIo } from './command-io.ts';
import { questionExitCode } from './sessions.ts';
import { durationText, sizeText } from './size-text.ts';
import { exitCodes, targetConfig, type StoreTargetOptions } from './store-target.ts';
import { printable, tableText } from './table-text.ts';

export interface ShowOptions extends StoreTargetOptions {
  readonly json?: boolean;
  readonly body?: 'request' | 'response';
}

/** 0, or 4 when there is no such call, body or store, 1 when it cannot be read. @throws ConfigError */
export async function runShow(id: string, options: ShowOptions, io: CommandIo): Promise<number> {
  const config = targetConfig(options);
  try {
    const store = openStore(config.store, 'read');
    try {
      const call = readCall(store, id);
      if (call === null) return missing(io, `There is no call ${printable(id)} in ${config.store}.`);
      if (options.body !== undefined) return showBody(store, id, options.body, io);
      io.stdout(options.json === true ? `${JSON.stringify(call, null, 2)}\n` : await textOf(store, call));
      return exitCodes.ok;
    } finally {
      store.close();
    }
  } catch (error) {
    return questionExitCode(error, config.store, io);
  }
}

/** The wire bytes, still encoded: straight to the stream, as they are no text. */
function showBody(store: Store, id: string, part: 'request' | 'response', io: CommandIo): number {
  const body = answerBody(store, id, part);
  if (body === null) return missing(io, `The ${part} of this call was not kept.`);
  process.stdout.write(body.bytes);
  return exitCodes.ok;
}

function missing(io: CommandIo, sentence: string): number {
  io.stderr(`weir: ${sentence}\n`);
  return exitCodes.notFound;
}

async function textOf(store: Store, call: CallDetail): Promise<string> {
  const sections = [
    factsText(call),
    call.cost_lines.length === 0 ? '' : costText(call),
    missText(call),
    call.notes.map((note) => `note: ${printable(note)}\n`).join(''),
    ...(await saidText(store, call.id)),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function factsText(call: CallDetail): string {
  const facts: [string, string | null][] = [
    ['call', `${call.id}  ${outcomeOf(call)}`],
    ['began', call.started],
    ['took', call.duration_us === null ? null : durationText(call.duration_us / 1000)],
    ['first token', call.ttft_us === null ? null : durationText(call.ttft_us / 1000)],
    ['model', call.model ?? call.requested_model],
    ['request', `${call.method} ${call.upstream ?? ''}${call.path}, ${sizeOf(call.request_bytes)}`],
    ['answer', `${call.status ?? 'none'}, ${sizeOf(call.response_bytes)}, bodies ${call.bodies}`],
    ['upstream id', call.upstream_request_id],
    ['user', [call.user_id, call.team].filter((name) => name !== null).join(' @ ') || null],
    ['session', [call.session_id, call.agent_id].filter((name) => name !== null).join(' / ') || null],
    ['client', call.client],
  ];
  return facts
    .flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)} ${printable(value)}\n`]))
    .join('');
}

function sizeOf(bytes: number | null): string {
  return bytes === null ? 'size unknown' : sizeText(bytes);
}

function costText(call: CallDetail): string {
  const rows = call.cost_lines.map((line) => [
    line.class,
    String(line.quantity),
    `$${(Number(line.amount_nano_usd) / 1e9).toFixed(6)}`,
  ]);
  const total = call.cost_nano_usd === null ? 'unpriced' : `$${(call.cost_nano_usd / 1e9).toFixed(6)}`;
  return tableText(['paid for', '>quantity', '>cost'], [...rows, ['total', '', total]]);
}

function missText({ cache_miss_cause: cause, cache_miss_at: at, ...call }: CallDetail): string {
  if (cause === null) return '';
  const place = at === null ? '' : ` at ${at}`;
  const lost = call.cache_lost_nano_usd;
  const money = lost === null ? 'unpriced' : `$${(lost / 1e9).toFixed(6)}`;
  return `cache missed: ${cause}${place}, ${call.cache_lost_tokens ?? 0} tokens, ${money}; weir diff ${call.id}\n`;
}

/** The last turn and the answer. */
async function saidText(store: Store, id: string): Promise<string[]> {
  const request = parseRequest(joinChunks((await readDecoded(store, id, 'request')).chunks));
  const turns = request === null ? [] : requestTexts(request).filter(({ isLastTurn }) => isLastTurn);
  const answer = await readUnderstood(store, id);
  return [
    section(
      'asked',
      turns.map(({ text }) => text),
    ),
    section('answered', answerTexts(answer?.message ?? null)),
  ];
}

function section(title: string, texts: readonly string[]): string {
  if (texts.length === 0) return '';
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => `  ${printable(line)}\n`);
  return `${title}:\n${lines.join('')}`;
}
