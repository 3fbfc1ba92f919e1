// Each flow of the page, against a server with fixed answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { largeLineage, NOW } from './answers.mjs';
import { dist, openBrowser, openPage } from './browser.mjs';
import { startServer } from './fake_server.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

async function on(path, options, story) {
  const server = await startServer(dist, options);
  const { page, done } = await openPage(browser, { now: NOW });
  try {
    await page.goto(`${server.address}/${path}`);
    await story(page, server);
    await done();
  } finally {
    await server.stop();
  }
}

const text = (page, selector) => page.locator(selector).innerText();

test('a product is found by words, fields, labels and facets', () =>
  on('', {}, async (page) => {
    await page.getByText('5 products').waitFor();
    const search = page.getByRole('searchbox', { name: 'Search products, fields, owners, labels and docs' });
    await search.fill('iban');
    await page.getByText('1 of 5 products').waitFor();
    assert.match(await text(page, '.hits'), /payments\.payment/);
    await search.fill('');
    await page.getByRole('checkbox', { name: 'insight' }).check();
    await page.getByRole('checkbox', { name: 'breached' }).check();
    await page.getByText('1 of 5 products').waitFor();
    assert.match(await text(page, '.hits'), /insight\.revenue/);
    // The address has all of it: who opens it sees the same.
    await page.reload();
    await page.getByText('1 of 5 products').waitFor();
    await search.fill('nothing has this name');
    await page.getByText('No product fits.').waitFor();
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.getByText('5 products', { exact: true }).waitFor();
  }));

test('by keyboard alone from the search to a product', () =>
  on('', {}, async (page) => {
    await page.getByText('5 products').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the page');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('reason');
    await page.getByText('1 of 5 products').waitFor();
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement.textContent)) === 'shop.return') break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'shop.return' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    assert.equal(await page.title(), 'shop.return@1 · Braid');
  }));

test('a product tells what it is, what it promises, and who reads it', () =>
  on('#/product/shop.order@2', {}, async (page) => {
    await page.getByRole('heading', { name: 'shop.order' }).waitFor();
    assert.match(await text(page, 'table'), /hash except role crm/);
    await page.getByRole('link', { name: 'Promises' }).click();
    await page.getByText('the newest row is 252.0 s old').waitFor();
    const chart = page.getByRole('img', { name: /Budget that is left\. 16 % now, between 16 % and 95 %/ });
    assert.equal(await chart.count(), 1);
    await page.getByRole('link', { name: 'Versions' }).click();
    assert.match(await text(page, 'table'), /1\.4\s+deprecated.*in 21 d/);
    await page.getByRole('link', { name: 'Readers' }).click();
    assert.match(await text(page, 'table'), /crm\.letter\s+crm@shop\.example\s+care\s+email/);
    await page.getByRole('link', { name: 'Sample rows' }).click();
    await page.getByText('Epoch 42').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 8);
  }));

test('how to read a product can be pasted', () =>
  on('#/product/shop.order@2/read', {}, async (page, server) => {
    await page.getByRole('heading', { name: 'curl' }).waitFor();
    assert.deepEqual(await page.locator('main h2').allInnerTexts(), ['curl', 'Python', 'DuckDB', 'Excel', 'Braid', 'Terminal']);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy: curl' }).click();
    await page.getByText('Copied').waitFor();
    const pasted = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(pasted, new RegExp(`curl '${server.address}/v1/products/shop\\.order@2/rows\\?limit=10'`));
  }));

test('access is asked for, granted, denied and revoked', () =>
  on('#/product/shop.order@2/access', {}, async (page, server) => {
    await page.getByText('You may read this product.').waitFor();
    await page.getByText('Ask for access').click();
    await page.locator('main').getByLabel('Purpose').fill('two words');
    await page.locator('main').getByLabel('Until').fill('2027-01-01');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('A purpose is one word.').waitFor();
    await page.locator('main').getByLabel('Purpose').fill('planning');
    await page.getByRole('checkbox', { name: 'amount' }).check();
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('is with the owner').waitFor();
    const made = server.state.requests.at(-1);
    assert.deepEqual([made.purpose, made.columns, made.version], ['planning', ['amount'], 2]);

    const first = page.getByRole('listitem', { name: 'Request 3f2a9c1b04de' });
    await first.getByRole('button', { name: 'Approve' }).click();
    await first.getByText('granted').waitFor();
    const second = page.getByRole('listitem', { name: 'Request 77aa01c2e5f0' });
    await second.getByLabel('Reason').fill('the need has ended');
    await second.getByRole('button', { name: 'Revoke' }).click();
    await second.getByText('revoked').waitFor();
    assert.match(await second.innerText(), /decided by shop: the need has ended/);
    const third = page.getByRole('listitem', { name: `Request ${made.id}` });
    await third.getByRole('button', { name: 'Deny' }).click();
    await third.getByText('denied').waitFor();
  }));

test('who may not decide has no buttons for it', () =>
  on('#/product/insight.customer_view@1/access', {}, async (page) => {
    await page.getByText('Nobody has asked.').waitFor();
    assert.equal(await page.getByRole('button', { name: /Approve/ }).count(), 0);
    await page.getByRole('link', { name: 'Sample rows' }).click();
    await page.getByText('You may not read insight.customer_view.').waitFor();
  }));

test('lineage goes up and down, by product and by column, with masks', () =>
  on('#/lineage', {}, async (page) => {
    await page.getByRole('group', { name: /Lineage: 5 relations/ }).waitFor();
    await page.getByLabel('About', { exact: true }).selectOption('insight.customer_view');
    await page.getByLabel('Direction', { exact: true }).selectOption('up');
    await page.getByRole('group', { name: /Lineage: 4 relations/ }).waitFor();
    await page.getByLabel('Field', { exact: true }).selectOption('email');
    await page.getByRole('group', { name: /Lineage: 3 relations, 2 lines/ }).waitFor();
    assert.equal(await page.locator('.wire-masked').count(), 1);
    assert.match(await text(page, '.panel'), /insight\.customer_view\.email[\s\S]*shop\.order\.email identity, masked/);
    await page.getByRole('button', { name: 'shop.order.email' }).click();
    assert.match(await text(page, '.panel'), /Masked: hash except role crm/);
  }));

test('lineage is walked by keyboard', () =>
  on('#/lineage/insight.revenue', {}, async (page) => {
    const box = page.getByRole('button', { name: 'insight.revenue product' });
    await box.focus();
    await page.keyboard.press('ArrowLeft');
    const label = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label')?.includes('shop.order'));
    assert.equal(await label(), 'shop.order product · at risk · 1 masked');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label')?.includes('shop.event'));
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash === '#/lineage/shop.event');
  }));

test('a graph of 300 relations is laid out without two boxes on one place', () =>
  on('#/lineage', { lineage: largeLineage(300) }, async (page) => {
    const begun = Date.now();
    await page.getByRole('group', { name: /Lineage: 300 relations/ }).waitFor({ timeout: 30_000 });
    const took = Date.now() - begun;
    assert.ok(took < 20_000, `the layout took ${took} ms`);
    const boxes = await page.locator('.box > rect').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.equal(boxes.length, 300);
    const overlapping = boxes.filter((a, index) =>
      boxes.some((b, other) => other > index && a.left < b.right - 0.2 && b.left < a.right - 0.2 && a.top < b.bottom - 0.2 && b.top < a.bottom - 0.2),
    );
    assert.equal(overlapping.length, 0);
    // All of it is in the window at first; closer, then moved.
    const frame = await page.locator('svg.graph').boundingBox();
    assert.ok(boxes.every(({ left, right, top, bottom }) => left >= frame.x && right <= frame.x + frame.width && top >= frame.y && bottom <= frame.y + frame.height));
    await page.getByRole('button', { name: 'Closer' }).click();
    const closer = await page.locator('.box > rect').first().boundingBox();
    assert.ok(closer.width > boxes[0].width * 1.2);
    await page.mouse.move(frame.x + 4, frame.y + 4);
    await page.mouse.down();
    await page.mouse.move(frame.x + 104, frame.y + 54);
    await page.mouse.up();
    const moved = await page.locator('.box > rect').first().boundingBox();
    assert.ok(Math.abs(moved.x - closer.x - 100) < 2 && Math.abs(moved.y - closer.y - 50) < 2);
  }));

test('a job shows its throughput, lag and watermark while it runs', () =>
  on('#/job', {}, async (page) => {
    await page.getByRole('heading', { name: 'shop' }).waitFor();
    const chart = page.getByRole('img', { name: /^Throughput\. [\d.]+ ?k? records\/s now/ });
    await chart.waitFor();
    assert.equal(await page.getByRole('img', { name: /Lag by partition\. shop\.event 3: \d+ records now/ }).count(), 1);
    await page.getByRole('link', { name: 'Partitions' }).click();
    assert.equal(await page.locator('tbody tr').count(), 4);
  }));

test('rejected records tell why, where, and what they are', () =>
  on('#/job/records', {}, async (page) => {
    await page.getByText('412').waitFor();
    assert.match(await text(page, '.hits'), /E6001 amount is not a decimal\(12,2\)[\s\S]*shop\.event, 2, position 311987, script shop\.braid:14/);
    await page.getByText('Its bytes').click();
    assert.match(await page.locator('.hits pre').first().innerText(), /"amount":"tbd"/);
    await page.getByLabel('Kind', { exact: true }).selectOption('late');
    await page.waitForFunction(() => document.querySelectorAll('.hits > li').length === 1);
  }));

test('what the server says goes to the reader as a sentence', () =>
  on('', { failing: { '/v1/catalog': [503, 'not ready', 'the job has not begun'], '/v1/job': [500, 'broken', 'the store of `shop` is damaged'] } }, async (page, server) => {
    await page.getByRole('alert').getByText('The job has not begun.').waitFor();
    server.state.failing = { '/v1/job': server.state.failing['/v1/job'] };
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('5 products').waitFor();
    await page.getByRole('link', { name: 'Job' }).click();
    await page.getByRole('alert').getByText('The store of shop is damaged.').waitFor();
    await page.goto(`${server.address}/#/product/shop.nothing`);
    await page.getByRole('alert').getByText('shop.nothing is not known here.').waitFor();
    await page.goto(`${server.address}/#/nowhere`);
    await page.getByText('There is no page /nowhere.').waitFor();
    await server.stop();
    await page.goto(`${server.address}/#/lineage`).catch(() => undefined);
    await page.evaluate(() => (location.hash = '#/lineage'));
    await page.getByRole('alert').getByText('The server does not answer.').waitFor();
  }));

test('a token is asked for, kept for the tab alone, and forgotten', () =>
  on('', { token: 'secret' }, async (page, server) => {
    const dialog = page.getByRole('dialog', { name: 'Who reads' });
    await dialog.getByText('This server asks for a token of the issuer.').waitFor();
    await dialog.getByLabel('Token').fill('wrong');
    await dialog.getByRole('button', { name: 'Use' }).click();
    await dialog.getByText('This server asks for a token').waitFor();
    await dialog.getByLabel('Token').fill('secret');
    await dialog.getByLabel('Purpose').fill('reporting');
    await dialog.getByRole('button', { name: 'Use' }).click();
    await page.getByText('5 products').waitFor();
    await page.reload();
    await page.getByText('5 products').waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('secret')), false);
    assert.equal(await page.evaluate(() => location.href.includes('secret')), false);
    await page.getByRole('button', { name: 'Token: given' }).click();
    await dialog.getByRole('button', { name: 'Forget' }).click();
    await page.getByText('This server asks for a token').first().waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }));

test('the theme is that of the system, or what was chosen', () =>
  on('', {}, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.getByText('5 products').waitFor();
    assert.equal(await paper(), 'rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await paper(), 'rgb(18, 21, 27)');
    await page.getByRole('button', { name: 'Theme: system' }).click();
    assert.equal(await paper(), 'rgb(255, 255, 255)');
    await page.reload();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.emulateMedia({ colorScheme: 'light' });
    assert.equal(await paper(), 'rgb(18, 21, 27)');
  }));
