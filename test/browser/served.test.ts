/** The page as `aaclip serve` answers with it, in a browser that asks for Chinese. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAIN } from '../../src/cli/child_process.js';
import { openBrowser } from '../../tools/open_browser.js';
import { dropScript } from './served_page.js';

const CLIP = fileURLToPath(new URL('../../weights/tiny/clip.safetensors', import.meta.url));

let service: ChildProcess;
let url = '';
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const model = ['--class', 'screw', '--weights', 'synthetic:tiny', '--adapters', 'synthetic', '--img_size', '28'];
  const env = { ...process.env, AACLIP_TOKEN: 'not for browsers' };
  service = spawn(process.execPath, [MAIN, 'serve', ...model, '--json', '--port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await new Promise<string>((done, failed) => {
    service.stdout!.setEncoding('utf8').once('data', done);
    service.once('exit', (code) => failed(new Error(`serve: exit code ${code}`)));
  });
  ({ url } = (JSON.parse(line) as { serving: { url: string } }).serving);
  browser = await openBrowser(['--enable-unsafe-webgpu']);
  page = await browser.newPage({ locale: 'zh-CN' });
});
afterAll(async () => {
  await browser?.close();
  service?.kill('SIGKILL');
});

const idle = (): Promise<void> => page.locator('#stop').waitFor({ state: 'hidden', timeout: 90_000 });

/** Weights whose header says that the projection is half as high and twice as wide. */
function ofAnotherShape(): Buffer {
  const whole = readFileSync(CLIP);
  const end = 8 + Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.toString('utf8', 8, end)) as Record<string, { shape: number[] }>;
  const shape = header['visual.proj']!.shape;
  header['visual.proj']!.shape = [shape[0]! / 2, 2 * shape[1]!];
  whole.write(JSON.stringify(header).padEnd(end - 8), 8);
  return whole;
}

it('scores a picture, all of it from the service, and asks nothing of its interface', async () => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const answer = await page.goto(url);
  expect(answer!.headers()).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  await page.locator('#steps li').first().waitFor();
  await idle();
  expect(await page.locator('#verdict').innerText()).toMatch(/^疑似有缺陷/);
  const ours = asked.filter((one) => !one.startsWith('blob:'));
  expect(ours.length).toBeGreaterThan(5);
  expect(ours.filter((one) => !one.startsWith(`${url}/`) || one.includes('/v1/'))).toEqual([]);
});

it('names what cannot be used in Chinese, with the reason marked as English', async () => {
  await page.evaluate(dropScript({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }));
  await page.locator('#view-name', { hasText: 'notes.txt' }).waitFor();
  await idle();
  expect(await page.locator('#verdict').innerText()).toMatch(/^\p{Script=Han}+$/u);
  expect(await page.locator('#notes [lang=en]').innerText()).toMatch(/^notes\.txt: not a readable picture/);
  await page.locator('#tab-device').click();
  await page.locator('input[value=files]').check();
  const odd = { name: 'odd.safetensors', mimeType: 'application/octet-stream', buffer: ofAnotherShape() };
  await page.locator('#weights').setInputFiles(odd);
  await page.locator('#use-model').click();
  const reason = page.locator('#model-status [lang=en]');
  await reason.waitFor();
  expect(await reason.innerText()).toMatch(/^odd\.safetensors: .*visual\.proj.*expected \[?\d+/);
  expect(await page.locator('#model-status').innerText()).toMatch(/^\p{Script=Han}+[：:]/u);
  // The page goes on.
  await page.locator('#tab-try').click();
  await page.locator('#samples button').first().click();
  await page.locator('#verdict', { hasText: /^疑似有缺陷/ }).waitFor({ timeout: 90_000 });
});
