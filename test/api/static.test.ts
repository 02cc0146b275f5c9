import { describe, expect, test } from 'vitest';
import { builtDashboard, serveApi } from './served.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the page of the dashboard', () => {
  test.each([
    ['/-/'],
    ['/-/overview'],
    ['/-/requests'],
    ['/-/requests/0197c0de-0000-7000-8000-000000000000'],
    ['/-/sessions/a%2Fb'],
    ['/-/explore?metric=calls'],
    ['/-/compare?a=1&b=2'],
    ['/-/replays?batch=night'],
    ['/-/settings'],
  ])('is served at %s', async (target) => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    const answer = await served.ask(target, { headers: html });
    expect([answer.status, answer.text]).toEqual([200, '<!doctype html><title>The dashboard</title>']);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers['cache-control']).toBe('no-cache');
    const head = await served.ask(target, { method: 'HEAD', headers: html });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  test('is not what a program that wants JSON gets', async () => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    const answer = await served.ask('/-/overview', { headers: { accept: 'application/json' } });
    expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/problem+json']);
  });

  test('is no catch-all: unknown addresses are 404, as a page for people', async () => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    for (const target of [
      '/-/nothing',
      '/-/overviews',
      '/-//',
      '/-//overview',
      '/-/Overview',
      '/-/as/anna',
    ]) {
      const answer = await served.ask(target, { headers: html });
      expect([target, answer.status]).toEqual([target, 404]);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    }
    const data = await served.ask('/-/api/v2/calls', { headers: html });
    expect([data.status, data.headers['content-type']]).toEqual([404, 'application/problem+json']);
  });

  test('says what to run where there is no build', async () => {
    const served = await serveApi({ dashboardDir: '/nowhere/at/all' });
    const answer = await served.ask('/-/', { headers: html });
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('npm run build');
    const problem = await served.ask('/-/', { headers: { accept: '*/*' } });
    expect([problem.status, problem.headers['content-type']]).toEqual([503, 'application/problem+json']);
    expect(served.logged).toEqual([]);
  });

  test('takes no other method', async () => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    const answer = await served.ask('/-/overview', { method: 'POST' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('files of the build', () => {
  test('with a hash in their name may be kept for good, others not', async () => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    const script = await served.ask('/-/assets/app-4f3c2b1a.js');
    expect([script.status, script.text]).toEqual([200, 'export {};']);
    expect(script.headers['content-type']).toMatch(/^text\/javascript/);
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    const icon = await served.ask('/-/icon.svg');
    expect([icon.status, icon.headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(icon.headers['cache-control']).toBe('no-cache');
    expect(icon.headers['content-security-policy']).toContain("default-src 'none'");
  });

  test.each([
    ['/-/assets/..%2f..%2fpackage.json'],
    ['/-/assets/%2e%2e/%2e%2e/package.json'],
    ['/-/assets/../../package.json'],
    ['/-/..%2fpackage.json'],
    ['/-/../package.json'],
    ['/-/%2e%2e%2fpackage.json'],
    ['/-/assets/..%5c..%5cpackage.json'],
    ['/-/assets/%00'],
    ['/-/assets/%zz'],
    ['/-/assets'],
    ['/-/assets/'],
    ['/-/assets/app-4f3c2b1a.js/'],
    ['/-/assets//etc/passwd'],
  ])('outside of it are not reached by %s', async (target) => {
    const served = await serveApi({ dashboardDir: builtDashboard() });
    const answer = await served.ask(target);
    expect([404, 400]).toContain(answer.status);
    expect(answer.text).not.toMatch(/secret|root:/);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(served.logged).toEqual([]);
  });
});
