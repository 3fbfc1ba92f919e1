// Chromium for the tests, and what they ask of every page.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const work = process.env.PORTAL_WORK;
export const dist = process.env.PORTAL_DIST;
export const packages = createRequire(join(work, 'package.json'));
const { chromium } = packages('playwright-core');
const axe = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8');

export async function openBrowser() {
  return chromium.launch({ executablePath: process.env.PORTAL_CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] });
}

/** A page in a window of its own. An error in its console is an error of the test, unless it is about an answer of the server. */
export async function openPage(browser, { now, dark = false, width = 1100, height = 720 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    bypassCSP: false,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(message.text());
  });
  // Nothing may come from elsewhere: the page works without a network.
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') wrong.push(`asked for ${request.url()}`);
  });
  if (now !== undefined) await page.clock.setFixedTime(now);
  return {
    page,
    wrong,
    done: async () => {
      await context.close();
      assert.deepEqual(wrong, []);
    },
  };
}

/** The serious and critical findings of axe about the page as it stands. */
export async function findings(page) {
  // A policy of the page keeps scripts of others out; those of the debugger are let in.
  await page.evaluate(`${axe}; undefined`);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`));
}
