import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { PostgresConnection, type ConnectionOptions } from '../../../server/store/postgres/connection.ts';
import { isPostgresRefusal, PostgresError } from '../../../server/store/postgres/error.ts';

function connect(options: Partial<ConnectionOptions> = {}): PostgresConnection {
  const connection = new PostgresConnection({ url: `${inject('postgresUrl')}/postgres`, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** With a table of its own that goes with the connection. */
function withTable(): PostgresConnection {
  const connection = connect();
  connection.exec('CREATE TEMP TABLE notes (id bigint PRIMARY KEY, word text, bytes bytea)');
  return connection;
}

function errorOf(act: () => unknown): PostgresError {
  try {
    act();
  } catch (error) {
    if (error instanceof PostgresError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('statements', () => {
  test('what is written comes back as it was: numbers, texts, bytes and NULL', () => {
    const connection = withTable();
    const bytes = Buffer.from([0, 1, 0xff, 0x5c]);
    const add = connection.prepare('INSERT INTO notes (id, word, bytes) VALUES (?, ?, ?)');
    expect(add.run(2 ** 53 - 1, 'naïve 🦦', bytes).changes).toBe(1);
    add.run(2, null, null);
    const all = connection.prepare('SELECT * FROM notes ORDER BY id');
    expect(all.all()).toEqual([
      { id: 2, word: null, bytes: null },
      { id: 2 ** 53 - 1, word: 'naïve 🦦', bytes },
    ]);
    expect(Buffer.isBuffer(connection.prepare('SELECT bytes FROM notes WHERE id > ?').pluck().get(2))).toBe(
      true,
    );
    expect(connection.prepare('SELECT id, word FROM notes WHERE id = ?').raw().get(2)).toEqual([2, null]);
    expect(connection.prepare('SELECT id FROM notes WHERE id = ?').get(3)).toBeUndefined();
  });

  test('a number that JavaScript cannot hold exactly is an error, not another number', () => {
    const connection = connect();
    expect(() => connection.prepare('SELECT 9007199254740993::int8').get()).toThrow(/too large/);
    expect(connection.prepare('SELECT 1 AS one').get()).toEqual({ one: 1 });
  });

  test('a NUL, for which a text has no place there, is replaced', () => {
    expect(connect().prepare('SELECT CAST(? AS text) AS word').get('a\0b')).toEqual({ word: 'a\u{fffd}b' });
  });

  test('parameters by name are taken from an object', () => {
    const connection = withTable();
    connection.prepare('INSERT INTO notes (id, word) VALUES (@id, @word)').run({ word: 'x', id: 4 });
    expect(connection.prepare('SELECT word FROM notes WHERE id = @id AND @id > 3').get({ id: 4 })).toEqual({
      word: 'x',
    });
  });

  test('a walk sees all rows of one moment, also while others are asked', () => {
    const connection = withTable();
    connection.exec('INSERT INTO notes (id) SELECT generate_series(1, 1200)');
    let sum = 0;
    for (const row of connection
      .prepare('SELECT id FROM notes WHERE id > ? ORDER BY id')
      .raw()
      .iterate(100)) {
      if (sum === 0) connection.exec('DELETE FROM notes WHERE id > 600');
      sum += (row as number[])[0] ?? 0;
    }
    expect(sum).toBe((1200 * 1201) / 2 - (100 * 101) / 2);
  });

  test('a mistake is an error with its code, and the connection stays', () => {
    const connection = withTable();
    const add = connection.prepare('INSERT INTO notes (id) VALUES (?)');
    add.run(1);
    const error = errorOf(() => add.run(1));
    expect([error.code, error.isLost, isPostgresRefusal(error)]).toEqual(['23505', false, false]);
    expect(connection.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(1);
  });
});

describe('transactions', () => {
  test('everything in one is there afterwards, or nothing when it throws', () => {
    const connection = withTable();
    const add = connection.prepare('INSERT INTO notes (id) VALUES (?)');
    const count = connection.prepare('SELECT count(*) FROM notes').pluck();
    connection.transaction((first: number) => [first, 2, 3].forEach((id) => add.run(id)))(1);
    expect(count.get()).toBe(3);
    const failing = connection.transaction(() => {
      add.run(4);
      expect(count.get()).toBe(4);
      throw new Error('no');
    });
    expect(() => failing.immediate()).toThrow('no');
    expect([count.get(), connection.inTransaction]).toEqual([3, false]);
  });

  test('one inside another fails alone, whether it was sent already or not', () => {
    const connection = withTable();
    const add = connection.prepare('INSERT INTO notes (id) VALUES (?)');
    const part = connection.transaction((id: number, look: boolean) => {
      const { changes } = add.run(id);
      if (look) expect(changes).toBe(1);
      throw new Error('part');
    });
    connection.transaction(() => {
      add.run(1);
      expect(() => part(2, false)).toThrow('part');
      expect(() => part(3, true)).toThrow('part');
      add.run(4);
    })();
    expect(connection.prepare('SELECT id FROM notes ORDER BY id').pluck().all()).toEqual([1, 4]);
  });

  test('one that fails takes along what was done by parts of it, and nothing else', () => {
    const connection = withTable();
    const add = connection.prepare('INSERT INTO notes (id) VALUES (?)');
    const inner = connection.transaction((id: number) => add.run(id));
    const part = connection.transaction((look: boolean) => {
      add.run(2);
      if (look) expect(connection.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(2);
      inner(3);
      // Never sent, so that it never fails.
      add.run(2);
      throw new Error('part');
    });
    connection.transaction(() => {
      add.run(1);
      for (const look of [false, true]) expect(() => part(look)).toThrow('part');
      add.run(4);
    })();
    expect(connection.prepare('SELECT id FROM notes ORDER BY id').pluck().all()).toEqual([1, 4]);
  });

  test('an error that nobody looked at while it went on still undoes it', () => {
    const connection = withTable();
    const add = connection.prepare('INSERT INTO notes (id) VALUES (?)');
    expect(errorOf(() => connection.transaction(() => [7, 7, 8].forEach((id) => add.run(id)))()).code).toBe(
      '23505',
    );
    const swallowing = connection.transaction(() => {
      expect(() => connection.prepare('SELECT 1/?').get(0)).toThrow(/zero/);
    });
    expect(errorOf(swallowing).code).toBe('25P02');
    expect(connection.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(0);
  });
});

describe('a server that is away', () => {
  test('a lost connection is told, its transaction is gone, and the next question connects again', () => {
    const sessions: unknown[] = [];
    const connection = connect({
      onConnected: (self) => sessions.push(self.prepare('SELECT pg_backend_pid()').pluck().get()),
    });
    const other = connect();
    const lost = connection.transaction(() => {
      const pid = connection.prepare('SELECT pg_backend_pid()').pluck().get();
      other.prepare('SELECT pg_terminate_backend(?)').get(pid);
      errorOf(() => connection.prepare('SELECT 1').get());
      connection.prepare('SELECT 2').get();
    });
    const error = errorOf(lost);
    expect([error.isLost, isPostgresRefusal(error), connection.inTransaction]).toEqual([true, true, false]);
    expect(connection.prepare('SELECT 3 AS three').get()).toEqual({ three: 3 });
    expect(new Set(sessions).size).toBe(2);
  });

  test('nobody at the address, and one who never answers, are refusals within the bound', async () => {
    const silent = createServer();
    const sockets: Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const waiting = errorOf(() =>
      connect({ url: `postgres://127.0.0.1:${port}/x`, connectMs: 200 }).connect(),
    );
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    const nobody = errorOf(() => connect({ url: `postgres://127.0.0.1:${port}/x` }).connect());
    expect(nobody.code).toBe('ECONNREFUSED');
    expect([waiting, nobody].map((error) => [error.isLost, isPostgresRefusal(error)])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  test('while it is left alone after a refusal nobody waits for it', () => {
    const connection = connect({ url: 'postgres://127.0.0.1:1/x' });
    const first = errorOf(() => connection.connect());
    expect(errorOf(() => connection.connect())).toBe(first);
  });

  test('a statement that takes too long is given up, and its answer is never taken for another one', () => {
    const connection = connect({ answerMs: 100 });
    const error = errorOf(() => connection.prepare('SELECT pg_sleep(60)').get());
    expect([error.isLost, isPostgresRefusal(error)]).toEqual([true, true]);
    expect(connection.prepare('SELECT 5 AS five').get()).toEqual({ five: 5 });
  });
});
