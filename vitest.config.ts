import { defineConfig } from 'vitest/config';

/** Tests of the store, and of what reads it, that run on both engines. */
const onBothEngines = [
  'calls',
  'calls-before',
  'cost-parts',
  'facets',
  'pieces',
  'retention',
  'rollups',
  'search',
  'session',
  'sessions',
  'stats',
  'view',
  'write',
]
  .map((name) => `test/store/${name}.test.ts`)
  .concat([
    'test/api/routes/*.test.ts',
    'test/reader/{content,ttl-advice}.test.ts',
    'test/recorder/{cache-watch,recovery,upkeep}.test.ts',
  ]);

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/postgres/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/**/postgres/**/*.test.ts', ...onBothEngines],
          globalSetup: './test/support/postgres.ts',
          env: { WEIR_TEST_STORE: 'postgres' },
          // Each statement goes to a server and back, which a busy machine takes its time for.
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
