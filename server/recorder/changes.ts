/** What is to be written of a call at each stage of its life. */
import { joinBody } from '../store/bodies.ts';
import type { FinishChange, OpenChange, ProgressChange } from '../store/change.ts';
import type { BodyPart, PartBody, WholeDetails } from '../store/write.ts';
import type { CallAssembly } from './assembly.ts';
import { openDetails, openRow, type Digested } from './digest.ts';

export function openChange({ open }: CallAssembly): OpenChange {
  return { kind: 'open', row: openRow(open), details: openDetails(open) };
}

/** What came since the last time, as new segments. */
export function progressChange(call: CallAssembly): ProgressChange {
  const { open, unsavedHead: head } = call;
  const details: Partial<WholeDetails> = {
    saved_seq: call.lastSeq,
    ...(head !== null && {
      response_headers: JSON.stringify(head.responseHeaders),
      status_message: head.statusMessage,
    }),
  };
  return {
    kind: 'progress',
    id: open.id,
    patch: head === null ? {} : { status: head.status, ttfb_us: head.ttfbUs },
    details,
    segments:
      open.bodies === 'full' ? [...unsavedSegment(call, 'request'), ...unsavedSegment(call, 'response')] : [],
  };
}

function unsavedSegment(call: CallAssembly, part: BodyPart): (PartBody & { segment: number })[] {
  const unsaved = call[part].unsaved();
  if (unsaved === null) return [];
  // What is new in a request is packed when it is cut into pieces, and an answer when it is whole.
  return [{ part, segment: unsaved.segment, ...joinBody(unsaved.chunks) }];
}

/** The final row, with the bodies. @param saved sides that the store has as they are to stay */
export function finishChange(
  { row, details, parts, paidResults, text }: Digested,
  saved: readonly BodyPart[],
): FinishChange {
  return { kind: 'finish', row, details, parts, saved, text, ...(paidResults.length > 0 && { paidResults }) };
}
