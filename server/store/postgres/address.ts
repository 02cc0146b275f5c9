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

/** Whether a password stands in it, for all to see where it does. */
export function hasPassword(target: string): boolean {
  return shownTarget(target) !== target;
}
