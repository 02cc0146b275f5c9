/** One place for every question that the store can be asked. */
import { statSync } from 'node:fs';
import type { CallsPage } from '../api/wire.ts';
import { encodeLines } from '../export/lines.ts';
import type { Pricer } from '../pricing/engine.ts';
import { notedHeads } from '../store/chain-reader.ts';
import { countCalls, listCalls, readCall } from '../store/calls.ts';
import { readFacets } from '../store/facets.ts';
import type { Store } from '../store/open.ts';
import { serverBytes } from '../store/retention.ts';
import { listReplays } from '../store/replays.ts';
import { readSession } from '../store/session.ts';
import { listSessions } from '../store/sessions.ts';
import { answerBody, answerConversation, answerEvents, answerMessage } from './content.ts';
import { answerComparison, answerReplays } from './comparison.ts';
import { answerCacheLedger } from './cache-ledger.ts';
import { answerDiff } from './diff.ts';
import { answerDraft } from './draft.ts';
import type { Asked } from './protocol.ts';
import { answerPrices } from './prices.ts';
import type { LinesPage, QuestionName, Questions } from './questions.ts';
import { answerRetention } from './retention.ts';
import { answerNearest, answerRecording, answerRecordingEntry, answerRecordings } from './recordings.ts';
import { withSnippets } from './snippets.ts';
import { answerTtlAdvice } from './ttl-advice.ts';
import { answerStats } from './what-if.ts';

type Answer = Questions[QuestionName]['answer'];

/** Throws what the store throws: `BadCursor`, `BadQuestion`, `Unsupported`, or SQLite's own errors. */
export function answer(store: Store, asked: Asked, pricer: () => Pricer): Answer | Promise<Answer> {
  switch (asked.name) {
    case 'calls':
      return answerCalls(store, asked.args);
    case 'callLines':
      return answerCallLines(store, asked.args);
    case 'call':
      return readCall(store, asked.args.id);
    case 'body':
      return answerBody(store, asked.args.id, asked.args.part);
    case 'message':
      return answerMessage(store, asked.args.id);
    case 'conversation':
      return answerConversation(store, asked.args.id, asked.args.cut ?? null);
    case 'draft':
      return answerDraft(store, asked.args.id, asked.args.changes, pricer, asked.args.nowMs);
    case 'replays':
      return listReplays(store, asked.args.filters, asked.args.limit, asked.args.cursor);
    case 'replayRows':
      return answerReplays(store, asked.args.filters, asked.args.limit, asked.args.cursor);
    case 'comparison':
      return answerComparison(store, asked.args.id, asked.args.others);
    case 'diff':
      return answerDiff(store, asked.args);
    case 'events':
      return answerEvents(store, asked.args.id, asked.args.limit, asked.args.cursor);
    case 'sessions':
      return listSessions(store, asked.args.filters, asked.args.limit, asked.args.cursor);
    case 'session':
      return readSession(store, asked.args.id, asked.args.limit, asked.args.cursor);
    case 'stats':
      return answerStats(store, asked.args, pricer, Date.now());
    case 'cache':
      return answerCacheLedger(store, asked.args.filters);
    case 'cacheTtl':
      return answerTtlAdvice(store, asked.args.filters, pricer(), Date.now());
    case 'facets':
      return readFacets(store, asked.args.filters);
    case 'prices':
      return answerPrices(store, pricer(), asked.args.atMs);
    case 'retention':
      return answerRetention(store, asked.args.policy, asked.args.nowMs);
    case 'recordings':
      return answerRecordings(store, asked.args);
    case 'recordingEntry':
      return answerRecordingEntry(store, asked.args);
    case 'recording':
      return answerRecording(store, asked.args.id);
    case 'nearest':
      return answerNearest(store, asked.args);
    case 'size':
      return {
        bytes: store.engine === 'postgres' ? serverBytes(store) : bytesOf(store.path),
        calls: countCalls(store),
        chain: notedHeads(store),
      };
    default:
      return asked satisfies never;
  }
}

async function answerCalls(store: Store, asked: Questions['calls']['args']): Promise<CallsPage> {
  const { filters, limit, cursor, snippets = false } = asked;
  const page = listCalls(store, filters, limit, cursor);
  if (!snippets || filters.q === undefined) return page;
  return { ...page, items: await withSnippets(store, page.items, filters.q) };
}

function answerCallLines(store: Store, asked: Questions['callLines']['args']): LinesPage {
  const { filters, limit, cursor, format, columns } = asked;
  const { items, ...page } = listCalls(store, filters, limit, cursor);
  return { ...page, bytes: Buffer.from(encodeLines(format, columns, items)) };
}

/** The file and its write-ahead log. */
function bytesOf(path: string): number | null {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return null;
  return file.size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}
