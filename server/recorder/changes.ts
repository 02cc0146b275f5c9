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

/** The final row, with the bodies; of the request the store usually has everything by then. */
export function finishChange(
  call: CallAssembly,
  { row, details, parts, paidResults, text }: Digested,
): FinishChange {
  // Of the answer it would be one body in many pieces: put together once, it is read faster ever after.
  const saved = call.savedParts().filter((part) => part === 'request');
  return { kind: 'finish', row, details, parts, saved, text, ...(paidResults.length > 0 && { paidResults }) };
}
