/** What every route of our own side says to methods that it does not have. */
import type { RequestHandler } from 'express';
import { ApiError } from './errors.ts';

/** Last handler of a route, also for OPTIONS, which Express would otherwise answer by itself. @param allowed upper case */
export function refuseAllBut(allowed: readonly string[]): RequestHandler {
  const verb = allowed.length === 1 ? 'is' : 'are';
  return (request, response) => {
    response.setHeader('allow', allowed.join(', '));
    const possible = `${allowed.join(' and ')} ${verb}`;
    throw new ApiError('method_not_allowed', `${request.method} is not possible here; ${possible}.`);
  };
}

/** The same for what can only be read. */
export const refuseOtherMethods: RequestHandler = refuseAllBut(['GET', 'HEAD']);
