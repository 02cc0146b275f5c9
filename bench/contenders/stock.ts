/** http-proxy-middleware on Express as its own page tells to start it: `stock.ts UPSTREAM`. Prints its port. */
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { tellPort } from './tell-port.ts';

const [target = ''] = process.argv.slice(2);
const app = express();
app.use('/', createProxyMiddleware({ target, changeOrigin: true }));
tellPort(app.listen(0, '127.0.0.1'));
