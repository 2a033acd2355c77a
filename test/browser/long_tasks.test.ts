/**
 * The page answers at once whatever it does: no task of its main thread takes long. With AACLIP_TASKS set it prints the longest
 * task of each step.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeJpeg } from '../../src/node/encode_jpeg.js';
import { encodePng } from '../../src/node/encode_png.js';
import { goodPictures } from '../calibrate/good_pictures.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { ShownPage } from './shown_page.js';
import { type Task, TaskMeter, taskWords } from './task_meter.js';

/** The longest task that nobody notices, in milliseconds of the processor. */
const LONGEST = 100;
const [WIDE, HIGH] = [4000, 3000];
const ROWS = 500;
/** Milliseconds by the clock, of which other programs may take some. */
const BUSY = 1500;

/** Answers scores of the files `row-...` and calibrations after the first at once, with what was answered before: 500 pictures would take minutes. */
const REPLAY = `{
  const { postMessage } = theWorker;
  const scored = structuredClone(lastResult);
  let calibrated;
  theWorker.addEventListener('message', ({ data }) => {
    if (data.kind === 'done' && data.result?.pictures) calibrated ??= data.result;
  });
  let share = 0;
  theWorker.postMessage = function (message, handOver) {
    const { id, request } = message;
    const answer = (result) =>
      setTimeout(() => theWorker.dispatchEvent(new MessageEvent('message', { data: { kind: 'done', id, result } })));
    if (request?.kind === 'score' && /row-/.test(request.name)) {
      share = (share + 0.37) % 1;
      const decision = { ...scored.decision, score: share, anomalous: share >= 0.5 };
      answer({ ...scored, ...structuredClone({ map: scored.map, preview: scored.preview }), name: request.name, decision });
    } else if (request?.kind === 'calibrate' && calibrated) {
      const good = request.good.map(({ name }, i) => ({ ...calibrated.pictures.good[i % 3], name }));
      answer({ ...calibrated, good: good.length, pictures: { good, bad: [] } });
    } else postMessage.call(this, message, handOver ?? []);
  };
}`;

let shown: ShownPage;
let folder: string;
/** Writes a file of the test. @returns its path */
function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aaclip-tasks-'));
  shown = await ShownPage.open();
}, 60_000);
afterAll(async () => {
  await shown?.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...found: Parameters<Page['locator']>): Locator => shown.page.locator(...found);
const click = (id: string): Promise<void> => at(`#${id}`).click();
const give = (id: string, paths: string | string[]): Promise<void> => at(`#${id}`).setInputFiles(paths);

/** Moves a slider from end to end by keys, as a finger that is held on one does. */
async function slide(id: string): Promise<void> {
  await at(`#${id}`).focus();
  for (const key of ['Home', 'End', ...new Array(5).fill('PageDown'), ...new Array(10).fill('ArrowLeft')]) {
    await shown.page.keyboard.press(key);
  }
}

async function bothLanguages(): Promise<void> {
  for (const language of ['zh', 'en']) await at('#language').selectOption(language);
}

async function saved(id: string): Promise<void> {
  await Promise.all([shown.page.waitForEvent('download'), click(id)]);
}

/** The pixels of a large picture with bright spots of 40 pixels at every 200; of its mask with nothing beside. */
function large(channels: 1 | 3, ground: number): Uint8Array {
  const data = new Uint8Array(WIDE * HIGH * channels).fill(ground);
  for (let y = 0; y < HIGH; y++) {
    if (y % 200 >= 40) continue;
    for (let x = 0; x < WIDE; x += 200) data.fill(255, channels * (y * WIDE + x), channels * (y * WIDE + x + 40));
  }
  return data;
}

it('never blocks the page for a tenth of a second', async () => {
  const jpeg = await encodeJpeg({ width: WIDE, height: HIGH, data: large(3, 90) }, 90);
  const big = file('big.jpg', jpeg);
  const mask = encodePng(WIDE, HIGH, large(1, 0));
  const several = [1, 2, 3].map((i) => [file(`large-${i}.jpg`, jpeg), file(`large-${i}_mask.png`, mask)] as const);
  const others = [1, 2, 3].map((i) => file(`weave-${i}.png`, encodePng(SIZE, SIZE, drawSample(i).picture.data)));
  const rows = join(folder, 'rows');
  mkdirSync(rows);
  for (let i = 0; i < ROWS; i++) file(`rows/row-${i}.png`, encodePng(1, 1, new Uint8Array(3)));
  const alone = Array.from({ length: ROWS }, (_, i) => file(`other-${i}.png`, encodePng(1, 1, new Uint8Array(3))));
  const good = goodPictures('tile', 112, 1, 3).map(({ name, data }) =>
    file(`${name}.png`, encodePng(112, 112, data as Uint8Array)),
  );

  const meter = await TaskMeter.start(shown);
  await shown.page.goto(shown.served.address);
  await meter.step('the first sample', () => shown.idle());
  await at('#panel-try summary').click();
  await at('#size').selectOption('112');
  await meter.step('pictures are scored', async () => {
    await give('pick', [big, ...others]);
    await at('#rows tr', { hasText: 'weave-3.png' }).waitFor();
    await shown.idle();
  });
  await meter.step('pictures are switched', async () => {
    for (const name of ['big.jpg', 'weave-1.png', 'big.jpg']) {
      await at('#rows button', { hasText: name }).click();
    }
  });
  await meter.step('the opacity is moved', () => slide('opacity'));
  await meter.step('the outline is moved', () => slide('outline-level'));
  await meter.step('the threshold is moved', () => slide('threshold'));
  await meter.step('the language is switched', bothLanguages);
  await meter.step('the heatmap is saved', () => saved('save-heatmap'));
  await meter.step('the mask is saved', () => saved('save-mask'));

  await shown.page.evaluate(REPLAY);
  await meter.step('a folder of 500 pictures is scored', async () => {
    await give('folder', rows);
    await at('#list-count', { hasText: `${ROWS + 5}` }).waitFor();
    await shown.idle();
  });
  expect(await at('#rows tr[data-kind="faulty"]').count()).toBeGreaterThan(ROWS / 4);
  await meter.step('the threshold of 500 pictures is moved', async () => {
    await slide('threshold');
    await at('#threshold').press('Home');
    await at('#rows tr[data-kind="good"]').first().waitFor({ state: 'detached' });
  });
  await meter.step('the language of 500 pictures is switched', bothLanguages);
  await meter.step('500 pictures are saved as CSV', () => saved('save-csv'));
  await meter.step('500 pictures are saved as JSON', () => saved('save-json'));
  await meter.step('500 pictures are cleared', () => click('clear'));

  await click('tab-teach');
  await meter.step('large pictures are given', async () => {
    await give('teach-pick', [others[0]!, ...several.map(([picture]) => picture)]);
    await at('#teach-list li', { hasText: 'large-3.jpg' }).waitFor();
  });
  await meter.step('the mask editor is opened', () =>
    shown.page.getByRole('group', { name: 'large-1.jpg' }).getByLabel('Faulty').check(),
  );
  await meter.step('a mask is painted', async () => {
    await at('#mask-size').press('End');
    const box = (await at('#mask-stack').boundingBox())!;
    const { mouse } = shown.page;
    await mouse.move(box.x + 5, box.y + 5);
    await mouse.down();
    for (const [x, y] of [
      [1, 1],
      [1, 0],
      [0, 1],
    ] as const) {
      await mouse.move(box.x + 5 + x * (box.width - 10), box.y + 5 + y * (box.height - 10), { steps: 3 });
    }
    await mouse.up();
  });
  await meter.step('a stroke is undone and done again', async () => {
    for (const id of ['mask-undo', 'mask-redo', 'mask-undo', 'mask-redo', 'mask-clear']) await click(id);
  });
  await meter.step('mask files are opened', async () => {
    const masks = several.map(([, path]) => path);
    await give('teach-masks', masks);
    await at('#teach-count', { hasText: '1 good, 3 faulty; 3 of the faulty ones are marked.' }).waitFor();
  });
  await meter.step('a training is started', async () => {
    await click('teach-start');
    await click('teach-stop');
    await at('#teach-status', { hasText: /Stopped/ }).waitFor();
  });

  await meter.step('500 pictures to learn from are given', async () => {
    await give('teach-folder', rows);
    await at('#teach-list li')
      .nth(ROWS + 3)
      .waitFor({ state: 'attached', timeout: 90_000 });
  });
  await meter.step('500 masks without pictures are given', async () => {
    await give('teach-masks', alone);
    await at('#teach-problems', { hasText: 'other-0' }).waitFor();
  });
  await meter.step('the language of 500 pictures to learn from is switched', bothLanguages);

  await click('tab-decide');
  await at('#decide-object').fill('tile');
  await give('decide-good', good);
  await meter.step('three good pictures are calibrated with', async () => {
    await click('decide-start');
    await at('#decide-status', { hasText: 'The threshold is in use' }).waitFor({ timeout: 90_000 });
  });
  await meter.step('500 good pictures are calibrated with', async () => {
    await give('decide-folder', rows);
    await click('decide-start');
    await at('#decide-rows tr').nth(ROWS).waitFor({ state: 'attached' });
  });
  await meter.step('the threshold of the histogram is moved', () => slide('decide-share'));
  await meter.step('the language of 500 good pictures is switched', bothLanguages);

  await click('tab-camera');
  await at('#camera-size').selectOption('112');
  await meter.step('the camera runs', async () => {
    await click('camera-start');
    await at('#camera-rate', { hasText: /pictures a second/ }).waitFor({ timeout: 90_000 });
    await click('camera-stop');
  });

  const check = 'the meter is checked';
  await meter.step(check, () =>
    shown.page.evaluate((ms) => {
      setTimeout(function busyLoop() {
        const end = performance.now() + ms;
        while (performance.now() < end);
      });
    }, BUSY),
  );
  const tasks = await meter.stop();
  if (process.env.AACLIP_TASKS) for (const task of longestOfEach(tasks)) console.log(taskWords(task));
  const long = tasks.filter(({ ms }) => ms > LONGEST);
  expect(long.filter(({ step }) => step !== check).map(taskWords)).toEqual([]);
  expect(long.filter(({ step }) => step === check).map(taskWords)).toEqual([expect.stringMatching(/busyLoop/)]);
}, 300_000);

/** The longest task of each step. */
const longestOfEach = (tasks: readonly Task[]): Task[] =>
  [...new Set(tasks.map(({ step }) => step))].flatMap((step) => tasks.find((task) => task.step === step) ?? []);
