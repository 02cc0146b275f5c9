/**
 * Loaded into the program by NODE_OPTIONS=--import: in the recorder's thread, looking into a text with certain words does harm, as a
 * mistake in our code or in the runtime would. SABOTAGE names the harm, SABOTAGE_WORDS the words, with commas between them,
 * SABOTAGE_TIMES how often each of them does it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const {
  SABOTAGE: harm,
  SABOTAGE_WORDS: words,
  SABOTAGE_TIMES: times = '1000',
  SABOTAGE_DIR: dir = '',
} = process.env;

if (!isMainThread && harm !== undefined && words !== undefined) {
  const parse = JSON.parse.bind(JSON);
  JSON.parse = (text: string, ...rest: []) => {
    const met = words.split(',').findIndex((word) => typeof text === 'string' && text.includes(word));
    if (met !== -1 && isLeft(met)) {
      if (harm === 'end') process.exit(3);
      if (harm === 'kill') process.kill(process.pid, 'SIGKILL');
      for (;;);
    }
    // A stand-in hands on what it gets.
    return parse(text, ...rest) as unknown;
  };
}

/** Threads do not know of each other: each harm leaves a file. */
function isLeft(word: number): boolean {
  for (let done = 0; done < Number(times); done++) {
    const path = `${dir}/harm-${word}-${done}`;
    if (existsSync(path)) continue;
    writeFileSync(path, '');
    return true;
  }
  return false;
}
