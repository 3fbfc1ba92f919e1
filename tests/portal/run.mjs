// usage: run.mjs WORK DIST TEST [BRAID]    runs one file of tests in Chromium; exit code 77: it cannot be had here.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SKIPPED = 77;
const here = dirname(fileURLToPath(import.meta.url));
const [work, dist, test, braid = ''] = process.argv.slice(2);

function skip(why) {
  console.error(`skipped: ${why}`);
  process.exit(SKIPPED);
}

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (chromium === undefined) skip('Chromium is not installed');
if (Number(process.versions.node.split('.')[0]) < 20) skip(`Playwright needs Node.js 20, here is ${process.versions.node}`);

// Tests find their packages above them, so they are copied beside them as the page's sources are.
mkdirSync(work, { recursive: true });
const lock = readFileSync(join(here, 'package-lock.json'));
const stamp = join(work, 'node_modules', `.complete-${createHash('sha256').update(lock).digest('hex')}`);
if (!existsSync(stamp)) {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(here, name), join(work, name));
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: work, stdio: 'inherit' });
  if (done.status !== 0) skip('the packages of these tests cannot be had');
  writeFileSync(stamp, '');
}
const ran = spawnSync(process.execPath, ['--test', '--test-concurrency=1', join(here, test)], {
  stdio: 'inherit',
  env: { ...process.env, PORTAL_WORK: work, PORTAL_DIST: dist, PORTAL_CHROMIUM: chromium, PORTAL_BRAID: braid },
});
process.exit(ran.status ?? 1);
