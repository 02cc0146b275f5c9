import { expect, test } from 'vitest';
import { startsServer } from '../server/starts-server.ts';

test.each([[[]], [['serve']], [['--port', '0']], [['serve', '--demo']], [['--config=weir.yaml']]])(
  '%j starts the server and nothing else',
  (args) => expect(startsServer(args)).toBe(true),
);

test.each([
  [['stats']],
  [['srve']],
  [['--help']],
  [['--version']],
  [['-V']],
  [['serve', '--help']],
  [['--port', '0', '-h']],
  [['--', 'stats']],
  [['help']],
])('%j may be about other commands', (args) => expect(startsServer(args)).toBe(false));
