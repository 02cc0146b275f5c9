import { expect, it } from 'vitest';
import { kindAfterHead, kindBeforeHead, UpstreamClosed } from '../../server/proxy/failure.ts';

const error = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more });

it.each([
  ['ECONNREFUSED', 'connecting', 'connect_refused'],
  ['EHOSTUNREACH', 'connecting', 'connect_refused'],
  ['ETIMEDOUT', 'connecting', 'connect_timeout'],
  ['ENOTFOUND', 'connecting', 'dns'],
  ['EAI_AGAIN', 'connecting', 'dns'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connecting', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'connecting', 'tls'],
  ['CERT_HAS_EXPIRED', 'connecting', 'tls'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'connecting', 'tls'],
  ['EPROTO', 'connecting', 'tls'],
  ['HPE_HEADER_OVERFLOW', 'waiting', 'header_overflow'],
  ['HPE_INVALID_CONSTANT', 'waiting', 'upstream_protocol'],
  ['EPIPE', 'waiting', 'upstream_reset'],
] as const)('calls %s while %s %s', (code, phase, kind) => {
  expect(kindBeforeHead(error(code, { syscall: 'x' }), phase, false)).toBe(kind);
});

it('tells a reset from a clean end, which Node names alike', () => {
  expect(kindBeforeHead(error('ECONNRESET', { syscall: 'read' }), 'waiting', false)).toBe('upstream_reset');
  expect(kindBeforeHead(error('ECONNRESET'), 'waiting', false)).toBe('upstream_eof');
  expect(kindAfterHead(error('ECONNRESET', { syscall: 'read' }), 'length')).toBe('upstream_reset');
  expect(kindAfterHead(error('ECONNRESET'), 'length')).toBe('upstream_truncated');
  expect(kindAfterHead(new UpstreamClosed('closed'), 'chunked')).toBe('upstream_eof');
});
