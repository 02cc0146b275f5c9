/** The exchanges of replays: told what they repeat and in whose name, and watched while they run. */
import type { Attribution, ExchangeOpen, Recording, Sink } from '../exchange.ts';

export interface Mark {
  readonly replayOf: string;
  /** What stands in place of what a client would have said of itself; the key is that of the replay. */
  readonly attribution: Omit<Attribution, 'keyId' | 'keyHint'>;
}

/** @param onOpen gets the id of the call once it has one */
export function markedSink(sink: Sink, mark: Mark, onOpen: (id: string) => void): Sink {
  return {
    open(exchange: ExchangeOpen): Recording {
      const attribution = { ...exchange.attribution, ...mark.attribution };
      const recording = sink.open({ ...exchange, attribution, replayOf: mark.replayOf });
      onOpen(exchange.id);
      return recording;
    },
  };
}
