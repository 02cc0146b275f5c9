/** Asks the running program over its own API, as any other client would. */
import type { Config } from '../config.ts';
import { readToken } from '../data-dir.ts';
import type { RunningProgram } from '../running-program.ts';

/** It runs, but gave no usable answer; one sentence. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** Nobody listens at its address: the process that has its number may be another one. */
  readonly isGone: boolean;

  constructor(message: string, isGone: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isGone = isGone;
  }
}

const answerWithinMs = 5000;

/**
 * GET below `/-/api/v1/`, parsed. With the token of `WEIR_TOKEN`, else the one that is kept in the data directory.
 * @throws NoAnswer
 */
export async function askProgram(program: RunningProgram, config: Config, path: string): Promise<unknown> {
  const answer = await getFrom(program, config, path, AbortSignal.timeout(answerWithinMs));
  try {
    return await answer.json();
  } catch (error) {
    throw new NoAnswer(`What answers at ${program.url} is not weir.`, true, { cause: error });
  }
}

/** The bytes of an answer that goes on, until it ends or breaks off. @throws NoAnswer when it does not begin */
export async function* followProgram(
  program: RunningProgram,
  config: Config,
  path: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const answer = await getFrom(program, config, path);
  if (answer.body === null) return;
  try {
    yield* answer.body;
  } catch (error) {
    // fetch calls it this when the other side goes away.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function getFrom(
  program: RunningProgram,
  config: Config,
  path: string,
  signal?: AbortSignal,
): Promise<Response> {
  const answer = await requestProgram(program, config, path, undefined, signal);
  if (!answer.ok)
    throw new NoAnswer(`The program at ${program.url} answered with status ${answer.status}.`, false);
  return answer;
}

/** Where a program can be asked. */
export type ProgramAddress = Pick<RunningProgram, 'pid' | 'url'>;

/** GET below `/-/api/v1/`, or a POST of `body` as JSON; whatever it answers but 401. @throws NoAnswer */
export async function requestProgram(
  program: ProgramAddress,
  config: Config,
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<Response> {
  const token = config.token ?? readToken(config.dataDir);
  let answer: Response;
  try {
    answer = await fetch(`${program.url}/-/api/v1/${path}`, {
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      redirect: 'manual',
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    const isGone = codeBehind(error) === 'ECONNREFUSED';
    const why =
      error instanceof Error && error.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new NoAnswer(`Process ${program.pid} at ${program.url} ${why}.`, isGone, { cause: error });
  }
  if (answer.status === 401) {
    throw new NoAnswer(
      `The program at ${program.url} has another token: give it in WEIR_TOKEN, or name its --data-dir.`,
      false,
    );
  }
  return answer;
}

function codeBehind(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : null;
}
