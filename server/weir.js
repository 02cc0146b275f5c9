#!/usr/bin/env node
// Plain JavaScript, and the only file that any Node can read: on a Node that is too old the native store would crash the
// process without a word, and the rest of the sources would not even parse.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isSupported = (major === 22 && minor >= 18) || major === 24 || major >= 26;

if (isSupported) {
  await import('./module-hooks.js');
  const { startsServer } = await import('./starts-server.ts');
  if (startsServer(process.argv.slice(2))) {
    const { boundMalloc } = await import('./malloc.ts');
    boundMalloc();
    const { prepareThread } = await import('./recorder/thread.ts');
    prepareThread();
  }
  await import('./main.ts');
} else {
  process.stderr.write(
    `weir needs Node 22.18 or newer, 24, or 26 and newer; this is ${process.versions.node}. ` +
      'Run "npm ci" and then "npm start", which uses the Node 24 that it installs.\n',
  );
  process.exitCode = 1;
}
