// Each view as it looks, in light and dark: no serious finding of axe, nothing wider than the window, and like the pictures
// in docs/portal. BRAID_UPDATE=1 draws these anew.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { largeLineage, NOW } from './answers.mjs';
import { dist, findings, openBrowser, openPage, packages, work } from './browser.mjs';
import { startServer } from './fake_server.mjs';

const { PNG } = packages('pngjs');
const pictures = join(dirname(fileURLToPath(import.meta.url)), '../../docs/portal');
const BLOCK = 20;

// What the view is called, where it is, when it is there, and whether docs show it (in which theme).
const VIEWS = [
  { name: 'find', path: '#/', there: 'text=5 products', shown: 'light' },
  { name: 'product', path: '#/product/shop.order@2', there: 'table', shown: 'light' },
  { name: 'promises', path: '#/product/shop.order@2/promises', there: '.chart svg', shown: 'light' },
  { name: 'rows', path: '#/product/shop.order@2/rows', there: 'table' },
  { name: 'read', path: '#/product/shop.order@2/read', there: 'pre' },
  { name: 'versions', path: '#/product/shop.order@2/versions', there: 'table' },
  { name: 'readers', path: '#/product/shop.order@2/readers', there: 'table' },
  { name: 'access', path: '#/product/shop.order@2/access', there: '.hits li' },
  { name: 'lineage', path: '#/lineage/shop.order?by=column', there: '.box', shown: 'dark' },
  { name: 'lineage_300', path: '#/lineage', there: '.box', server: { lineage: largeLineage(300) } },
  { name: 'job', path: '#/job', there: '[aria-label^="Throughput. "]', shown: 'dark', moves: true },
  { name: 'partitions', path: '#/job/partitions', there: 'table' },
  { name: 'records', path: '#/job/records', there: '.hits li' },
  { name: 'problem', path: '#/product/shop.nothing', there: '[role="alert"]' },
  { name: 'token', path: '#/', there: 'dialog[open]', server: { token: 'secret' } },
];

/** The mean colour of each block of a picture: fonts of another machine move letters, not blocks. */
function blocks(png) {
  const result = [];
  for (let top = 0; top + BLOCK <= png.height; top += BLOCK) {
    for (let left = 0; left + BLOCK <= png.width; left += BLOCK) {
      const sum = [0, 0, 0];
      for (let y = top; y < top + BLOCK; y++) {
        for (let x = left; x < left + BLOCK; x++) {
          for (let colour = 0; colour < 3; colour++) sum[colour] += png.data[(y * png.width + x) * 4 + colour];
        }
      }
      result.push(sum.map((value) => value / BLOCK ** 2));
    }
  }
  return result;
}

/** The share of blocks whose colour is clearly another. */
function difference(found, expected) {
  assert.deepEqual([found.width, found.height], [expected.width, expected.height]);
  const [here, there] = [blocks(found), blocks(expected)];
  const other = here.filter((block, index) => block.some((value, colour) => Math.abs(value - there[index][colour]) > 24));
  return other.length / here.length;
}

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

for (const theme of ['light', 'dark']) {
  for (const { name, path, there, shown, server: options, moves } of VIEWS) {
    test(`${name} in ${theme}`, async () => {
      const server = await startServer(dist, options);
      const { page, done } = await openPage(browser, { now: NOW, dark: theme === 'dark', width: 1000, height: 640 });
      try {
        await page.goto(`${server.address}/${path}`);
        await page.locator(there).first().waitFor();
        if (moves) await page.waitForTimeout(9000);
        assert.deepEqual(await findings(page), []);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 1000, `the page is ${width} wide`);
        if (shown === theme) {
          const picture = await page.screenshot();
          const expected = join(pictures, `${name}.png`);
          if (process.env.BRAID_UPDATE === '1') {
            mkdirSync(pictures, { recursive: true });
            writeFileSync(expected, picture);
          }
          assert.ok(existsSync(expected), `${expected} is missing; BRAID_UPDATE=1 draws it`);
          const share = difference(PNG.sync.read(picture), PNG.sync.read(readFileSync(expected)));
          // Lines of charts that move are not where they were.
          if (share > 0.04) {
            writeFileSync(join(work, `${name}.png`), picture);
            assert.fail(`${Math.round(share * 100)} % of ${name} differs from docs/portal; the picture is in ${work}`);
          }
        }
        await page.setViewportSize({ width: 390, height: 700 });
        const narrow = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(narrow <= 390, `on a narrow screen the page is ${narrow} wide`);
        await done();
      } finally {
        await server.stop();
      }
    });
  }
}

test('the rule for pictures sees another page, and does not see another font', () => {
  const png = (name) => PNG.sync.read(readFileSync(join(pictures, `${name}.png`)));
  assert.ok(difference(png('find'), png('product')) > 0.04);
  const moved = png('find');
  const still = png('find');
  PNG.bitblt(still, moved, 0, 0, moved.width - 2, moved.height - 1, 2, 1);
  assert.ok(difference(moved, still) < 0.04);
});
