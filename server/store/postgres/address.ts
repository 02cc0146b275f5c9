/** Where a store lies when it is no file: `postgres://…`, and what of that may be shown. Pure. */

/** Whether `--store` names a database on a server. */
export function isPostgresAddress(target: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(target);
}

/** In its place before the host, or as a parameter. */
const userPassword = /^([a-z]+:\/\/[^:@/?#]*):([^/?#]*)(?=@)/i;
const parameter = /([?&])password=([^&#]*)(&?)/gi;

/** The same without the password, for everything that is shown, logged or used as a name; any other target as it is. */
export function shownTarget(target: string): string {
  if (!isPostgresAddress(target)) return target;
  return target.replace(userPassword, '$1:***').replaceAll(parameter, '$1password=***$3');
}

/**
 * The address and the password in it apart; null where there is none. Nothing behind the configuration has the password: it goes
 * where node-postgres looks for one.
 */
export function withoutPassword(target: string): {
  readonly address: string;
  readonly password: string | null;
} {
  if (!isPostgresAddress(target)) return { address: target, password: null };
  const found = userPassword.exec(target)?.[2] ?? [...target.matchAll(parameter)].at(-1)?.[2] ?? null;
  const address = target
    .replace(userPassword, '$1')
    .replaceAll(parameter, (_, mark: string, __, more: string) => (more === '' ? '' : mark))
    .replace(/[?&]$/, '');
  return { address, password: found === null ? null : decodeURIComponent(found) };
}
