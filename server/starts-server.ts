/**
 * Whether these arguments start the server and nothing else: then its recorder can begin at once, and the other commands need not be read, a
 * tenth of a start. False also where they may be meant or have to be listed.
 */
export function startsServer([word = 'serve', ...others]: readonly string[]): boolean {
  if (word !== 'serve' && !/^--[a-z]/.test(word)) return false;
  return ![word, ...others].some((each) => ['--help', '-h', '--version', '-V', '--'].includes(each));
}
