/** The least that a proxy of ordinary Node does: `node:http` on both sides, two pipes. `floor.ts UPSTREAM`. Prints its port. */
import http from 'node:http';
import { tellPort } from './tell-port.ts';

const [target = ''] = process.argv.slice(2);
const { hostname, port } = new URL(target);
const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  scheduling: 'lifo',
});

const server = http.createServer({ noDelay: true, requestTimeout: 0 }, (req, res) => {
  const headers = { ...req.headers, host: `${hostname}:${port}` };
  const out = http.request(
    { hostname, port, agent, method: req.method, path: req.url, headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(res);
    },
  );
  out.on('error', () => res.destroy());
  res.on('close', () => out.destroy());
  req.pipe(out);
});
tellPort(server.listen(0, '127.0.0.1', 4096));
