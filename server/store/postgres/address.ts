/** Where a store lies when it is no file: `postgres://…`, and what of that may be shown. Pure. */

/** Whether `--store` names a database on a server. */
export function isPostgresAddress(target: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(target);
}

/** The same without the password, for everything that is shown, logged or used as a name; any other target as it is. */
export function shownTarget(target: string): string {
  if (!isPostgresAddress(target)) return target;
  return target
    .replace(/^([a-z]+:\/\/[^:@/?#]*):[^@/]*@/i, '$1:***@')
    .replaceAll(/([?&](?:password|sslpassword)=)[^&#]*/gi, '$1***');
}

/**
 * The address and the password in it apart; null where there is none. Nothing behind the configuration has the password: it goes
 * where node-postgres looks for one.
 */
export function withoutPassword(target: string): {
  readonly address: string;
  readonly password: string | null;
} {
  const [, before, password, rest] =
    (isPostgresAddress(target) && /^([a-z]+:\/\/[^:@/?#]*):([^@/]*)(@.*)$/is.exec(target)) || [];
  if (before === undefined || password === undefined) return { address: target, password: null };
  return { address: `${before}${rest}`, password: decodeURIComponent(password) };
}
