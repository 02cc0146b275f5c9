/** Everything that can be wrong with one stored call. Pure. */
import type { StoredCall } from '../store/inspect.ts';
import type { BodyPart } from '../store/write.ts';
import { checkBody } from './body.ts';
import { endingFaults, timeFaults } from './ending.ts';
import { costFaults, usageFaults } from './figures.ts';
import { missFaults } from './miss.ts';
import type { Finding, FindingKind, Repair } from './finding.ts';

export interface CheckedCall {
  readonly findings: readonly Finding[];
  /** Bodies looked at, 0 to 2. */
  readonly bodies: number;
  /** Wire bytes of them. */
  readonly bodyBytes: number;
}

const parts: readonly BodyPart[] = ['request', 'response'];

export function checkCall(stored: StoredCall): CheckedCall {
  const { row, details } = stored;
  const findings: Finding[] = [];
  const report = (kind: FindingKind, texts: readonly string[], repair: Repair | null = null): void => {
    for (const text of texts) findings.push({ kind, callId: row.id, text, repair });
  };
  report('ending', endingFaults(row));
  report('times', timeFaults(row));
  if (details === null) report('details', ['its details are missing']);
  report('usage', usageFaults(row, details?.usage ?? null));
  report('cost', costFaults(row, details?.cost_lines ?? null));
  report('usage', missFaults(row));
  if (row.state !== 'open' && details !== null && details.saved_seq !== null) {
    report('details', ['it has ended, but is marked as being saved'], {
      kind: 'clear_saved_seq',
      id: row.id,
    });
  }
  let bodies = 0;
  let bodyBytes = 0;
  for (const part of parts) {
    const segments = stored.bodies.filter(({ row: segment }) => segment.part === part);
    const checked = checkBody(row, part, segments);
    bodies += Math.min(segments.length, 1);
    bodyBytes += checked.bytes;
    report('body', checked.faults);
    if (checked.missingSha256 === null) continue;
    const sha256 = checked.missingSha256;
    report('body', [`${part}_sha256 is missing`], { kind: 'fill_sha256', id: row.id, part, sha256 });
  }
  const strange = stored.bodies
    .map((body) => body.row)
    .filter(({ part }) => part !== 'request' && part !== 'response');
  report(
    'body',
    strange.map(({ part }) => `it has a body "${part}", which is neither request nor response`),
  );
  return { findings, bodies, bodyBytes };
}
