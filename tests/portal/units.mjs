// usage: units.mjs PAGE    runs the tests that stand beside the sources of the page, in the build folder of the page
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const page = process.argv[2];
const esbuild = createRequire(join(page, 'node_modules/vite/package.json'))('esbuild');
const sources = readdirSync(join(page, 'src'), { recursive: true }).filter((name) => name.endsWith('_test.ts'));
if (sources.length === 0) throw new Error('there are no tests');
const out = join(page, 'unit');
rmSync(out, { recursive: true, force: true });
await esbuild.build({
  entryPoints: sources.map((name) => join(page, 'src', name)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const tests = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.mjs')).map((name) => join(out, name));
process.exit(spawnSync(process.execPath, ['--test', ...tests], { stdio: 'inherit' }).status ?? 1);
