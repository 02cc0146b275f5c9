/**
 * Answers that are not the upstream's, written to a client that may still be sending.
 */
import type { FailureAnswer } from './failure.ts';
import type { ClientRequest, ClientResponse } from './sides.ts';
import { clearHead } from './wire-head.ts';

/** How long the rest of an upload is read and thrown away after we have answered it ourselves. */
const UPLOAD_LINGER_MS = 10_000;

/** Writes `answer`, whole. No head may have been sent. */
export function writeOwnAnswer(req: ClientRequest, res: ClientResponse, answer: FailureAnswer): void {
  clearHead(res);
  res.writeHead(answer.status, [...answer.headers]);
  res.end(answer.body);
  if (req.complete) return;
  // Closing on a client that still sends would reset the connection under our answer, and many read it only when they have sent all; reading on
  // for ever would be theirs to abuse. The rest of the upload goes to whoever counted it before, or nowhere.
  const linger = setTimeout(() => req.socket.destroy(), UPLOAD_LINGER_MS);
  linger.unref();
  req.once('close', () => clearTimeout(linger));
}
