// The page as the binary serves it, beside a job of examples/payments that has read all of its inputs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findings, openBrowser, openPage } from './browser.mjs';

const examples = join(dirname(fileURLToPath(import.meta.url)), '../../examples');
const place = mkdtempSync(join(tmpdir(), 'braid-portal-'));
let browser;
let job;
let address;

before(async () => {
  browser = await openBrowser();
  cpSync(join(examples, 'payments'), join(place, 'payments'), { recursive: true, filter: (name) => !name.endsWith('/store') });
  job = spawn(process.env.PORTAL_BRAID, ['run', join(place, 'payments'), '--serve', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  address = await new Promise((found, failed) => {
    let said = '';
    const hear = (part) => {
      said += part;
      const match = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (match !== null) found(match[1]);
    };
    job.stdout.on('data', hear);
    job.stderr.on('data', hear);
    job.on('exit', () => failed(new Error(`braid has ended: ${said}`)));
  });
  // All of it has been read.
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${address}/v1/products/marketing.segment_spend/rows?limit=1`);
    if (answer.ok && (await answer.json()).rows.length === 1) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('the job has made no rows in 20 seconds');
});

after(async () => {
  await browser?.close();
  if (job?.exitCode === null) {
    job.kill('SIGTERM');
    await new Promise((done) => job.on('exit', done));
  }
  rmSync(place, { recursive: true, force: true });
});

async function on(fragment, story) {
  const { page, done } = await openPage(browser);
  await page.goto(address);
  // `/` may send the browser on to the page.
  if (fragment !== '') await page.evaluate((hash) => (location.hash = hash), fragment);
  await story(page);
  assert.deepEqual(await findings(page), []);
  await done();
}

test('the products of the job are found', () =>
  on('', async (page) => {
    await page.getByRole('searchbox').fill('spend_band');
    await page.getByRole('link', { name: 'marketing.enriched_payment' }).click();
    await page.getByRole('heading', { name: 'marketing.enriched_payment' }).waitFor();
    assert.match(await page.locator('table').innerText(), /decimal\(12,2\)/);
    assert.match(await page.locator('main').innerText(), /Captured payments with the customer's segment/);
  }));

test('rows on the page are those of the request', () =>
  on('#/product/marketing.segment_spend@1/rows', async (page) => {
    const { rows } = await (await fetch(`${address}/v1/products/marketing.segment_spend@1/rows?limit=20`)).json();
    await page.locator('tbody tr').nth(rows.length - 1).waitFor();
    assert.equal(await page.locator('tbody tr').count(), rows.length);
    assert.match(await page.locator('tbody tr').first().innerText(), new RegExp(String(rows[0].segment)));
  }));

test('what is pasted into a shell gives rows', () =>
  on('#/product/marketing.segment_spend@1/read', async (page) => {
    const text = await page.getByLabel('curl', { exact: true }).locator('pre').innerText();
    const first = /'(http[^']+rows[^']+)'/.exec(text)[1];
    const answer = await (await fetch(first)).json();
    assert.equal(answer.rows.length, 10);
  }));

test('lineage shows what the spend is made of', () =>
  on('#/lineage/marketing.segment_spend?field=spend', async (page) => {
    await page.locator('.box').first().waitFor();
    assert.match(await page.locator('.panel').innerText(), /marketing\.enriched_payment\.amount\s+aggregation/);
    const names = await page.locator('.box').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    assert.ok(names.some((name) => name.startsWith('payments.payment')), names.join('; '));
  }));

test('the job shows what it has read, and the records that it could not use', () =>
  on('#/job', async (page) => {
    await page.getByRole('heading', { name: 'payments' }).waitFor();
    const { events } = await (await fetch(`${address}/status`)).json();
    assert.match(await page.locator('.facts').innerText(), new RegExp(`Records\\s+${events.toLocaleString('en')}`));
    await page.getByRole('link', { name: 'Rejected and late records' }).click();
    await page.locator('.hits > li').first().waitFor();
    await page.getByLabel('Kind', { exact: true }).selectOption('rejected');
    await page.waitForFunction(() => [...document.querySelectorAll('.hits .badge')].every(({ textContent }) => textContent === 'rejected'));
    assert.ok((await page.locator('.hits > li').count()) > 0);
  }));
