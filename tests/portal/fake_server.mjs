// A server that answers as braid does, with the built page, from fixed answers. What it is asked to do wrong it does.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as answers from './answers.mjs';

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `token`: who reads has to show it. `lineage`: the graph. `failing`: paths and the problems that they have. */
export async function startServer(dist, { token = '', lineage = answers.lineage, failing = {} } = {}) {
  const state = { requests: answers.requests(), turn: 0, asked: [], failing };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const path = decodeURIComponent(url.pathname);
    const say = (status, body, type = 'application/json') => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    const problem = (status, title, detail) => say(status, { title, status, detail }, 'application/problem+json');
    if (!path.startsWith('/v1/')) {
      const name = path === '/' ? 'index.html' : path.slice(1);
      try {
        const content = await readFile(join(dist, name));
        response.writeHead(200, { 'Content-Type': TYPES[name.split('.').pop()], 'Content-Security-Policy': POLICY });
        return response.end(content);
      } catch {
        return problem(404, 'not found', `there is no ${path}`);
      }
    }
    state.asked.push(`${request.method} ${path}`);
    if (token !== '' && request.headers.authorization !== `Bearer ${token}`) return problem(401, 'who reads', 'this server asks for a token of the issuer');
    if (state.failing[path] !== undefined) return problem(...state.failing[path]);
    const body = await new Promise((done) => {
      let text = '';
      request.on('data', (part) => (text += part));
      request.on('end', () => done(text === '' ? {} : JSON.parse(text)));
    });
    const [, , room, name, below] = path.split('/');
    const product = answers.products.find((one) => name === one.product || name === `${one.product}@${one.version}`);
    if (path === '/v1/portal') return say(200, { job: 'shop', environment: 'prod', braid_version: '0.1.0', reader: token === '' ? null : { name: 'ada', roles: ['analyst'], domains: [] }, access: true });
    if (path === '/v1/catalog') return say(200, answers.catalog);
    if (path === '/v1/lineage') return say(200, lineage);
    if (path === '/v1/job') return say(200, answers.job(state.turn++));
    if (path === '/v1/job/rejected') {
      const wanted = url.searchParams.get('port');
      return say(200, { ...answers.faults, rows: answers.faults.rows.filter(({ port }) => wanted === null || port === wanted) });
    }
    if (room === 'catalog' && product) return say(200, product);
    if (room === 'catalog') return problem(404, 'no such product', `\`${name}\` is not known here`);
    if (room === 'products' && product && below === 'rows') {
      return product.you.may_read ? say(200, answers.rows) : problem(403, 'not allowed', `you may not read \`${product.product}\``);
    }
    if (path === '/v1/access/requests' && request.method === 'GET') {
      const [of] = (url.searchParams.get('product') ?? '').split('@');
      return say(200, { requests: state.requests.filter((one) => one.product === of) });
    }
    if (path === '/v1/access/requests') {
      if (body.purpose.includes(' ')) return problem(400, 'wrong purpose', 'a purpose is one word');
      const made = { id: `00000000000${state.requests.length}`, by: 'kpi', columns: null, state: 'requested', decided_by: null, because: null, at: null, ...body, until: '2027-01-01T00:00:00Z' };
      state.requests.push(made);
      return say(201, made);
    }
    if (room === 'access') {
      const found = state.requests.find(({ id }) => id === below);
      found.state = { approve: 'granted', deny: 'denied', revoke: 'revoked' }[body.decision];
      found.decided_by = 'shop';
      found.because = body.because ?? null;
      return say(200, found);
    }
    return problem(404, 'not found', `there is no ${path}`);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    state,
    stop: () => new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    }),
  };
}
