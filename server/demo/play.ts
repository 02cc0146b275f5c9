import { countTokens, playCall, type SampleExchange, type Stage } from './call.ts';
import type { Dice } from './dice.ts';
import { modelAt } from './models.ts';
import { clients, type Person } from './people.ts';
import { type Course, userMessage } from './request.ts';
import { type Block, type JsonObject, type Script, type Turn, withIds, withVariant } from './sample.ts';

/** Who plays which session, and when. */
export interface Role {
  readonly script: Script;
  readonly person: Person;
  readonly startMs: number;
  /** Instead of one of the script's variants. */
  readonly variant?: Readonly<Record<string, string>>;
  /** Of the session it runs in, when it is a part of one. */
  readonly sessionId?: string | null;
  readonly agentId?: string;
}

/** Plays a session from its first call to its last; returns when it ended, epoch ms. */
export function* playScript(role: Role, stage: Stage): Generator<SampleExchange, number> {
  const { dice } = stage;
  const variant = role.variant ?? dice.pick(role.script.variants);
  const script = withVariant(role.script, variant);
  const course: Course = {
    script,
    client: clients[script.client],
    person: role.person,
    model: modelAt(script.models, role.startMs),
    sessionId: role.sessionId === undefined ? newSessionId(script, dice) : role.sessionId,
    agentId: role.agentId ?? null,
    tools: script.tools,
    history: [],
  };
  let atMs = role.startMs;
  if (script.title !== undefined) {
    const words = { title: script.title, request: script.turns[0]?.user ?? '' };
    const aside = { script: stage.scriptNamed('title'), startMs: atMs + 12, variant: words };
    yield* playScript({ ...role, ...aside, sessionId: course.sessionId }, stage);
  }
  for (const turn of script.turns) {
    atMs += idleMs(turn, course, dice);
    atMs = yield* playTurn(course, turn, atMs, stage);
    atMs = yield* playAgents(course, turn, atMs, { ...role, variant }, stage);
  }
  return atMs;
}

function* playTurn(
  course: Course,
  turn: Turn,
  startMs: number,
  stage: Stage,
): Generator<SampleExchange, number> {
  const { script } = course;
  const before = script.separate === true ? [] : course.history;
  course.history = [...before, userMessage(turn, before)];
  course.tools = [...course.tools, ...(turn.gains ?? [])];
  const content = withIds(turn.answer, stage.dice);
  let atMs = startMs;
  if (turn.counts === true) {
    const count = countTokens(course, turn, atMs, stage);
    yield count;
    atMs = count.end.endedMs + 40;
  }
  const endings = [...(turn.failures ?? []), turn.ending ?? null];
  let firstId: string | null = null;
  for (const [attempt, ending] of endings.entries()) {
    const exchange = playCall({ course, turn, content, ending, attempt, attemptOf: firstId, atMs }, stage);
    firstId ??= exchange.open.id;
    atMs = exchange.end.endedMs + Math.round(stage.dice.between(900, 4000) * (attempt + 1));
    yield exchange;
    if (attempt === endings.length - 1) atMs = exchange.end.endedMs;
  }
  if (turn.ending === undefined) course.history = [...course.history, { role: 'assistant', content }];
  if (turn.compacts === true) course.history = [continuation(content)];
  return atMs;
}

/** Subagents run beside each other; the session goes on when the last of them is done. */
function* playAgents(
  course: Course,
  turn: Turn,
  atMs: number,
  role: Role,
  stage: Stage,
): Generator<SampleExchange, number> {
  let endMs = atMs;
  for (const [index, name] of (turn.agents ?? []).entries()) {
    const script = stage.scriptNamed(name);
    const startMs = atMs + 60 + index * 35;
    const agentId = `a${stage.dice.bytes(8).toString('hex')}`;
    const agent: Role = { ...role, script, startMs, sessionId: course.sessionId, agentId };
    endMs = Math.max(endMs, yield* playScript(agent, stage));
  }
  return endMs;
}

/** What a client puts in the place of a history that was summarised. */
function continuation(content: readonly Block[]): { role: 'user'; content: readonly JsonObject[] } {
  const summary = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  const text = `This session continues an earlier one that ran out of room. Summary of it:\n\n${summary}`;
  return { role: 'user', content: [{ type: 'text', text }] };
}

function newSessionId(script: Script, dice: Dice): string | null {
  if (script.client === 'claude-code') return dice.uuid();
  return script.turns.length > 1 ? `${script.name}-${dice.whole(1000, 9999)}` : null;
}

/** People think before they write; programs answer with a tool's result at once. */
function idleMs(turn: Turn, course: Course, dice: Dice): number {
  if (turn.idleS !== undefined) return turn.idleS * 1000;
  if (course.history.length === 0) return 0;
  if (course.script.separate === true) return dice.between(300, 2500);
  return turn.results === undefined ? dice.between(25_000, 160_000) : dice.between(150, 6000);
}
