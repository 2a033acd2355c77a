/** Training in the page, in Chromium: Node's numbers, and a tab that is closed meanwhile. */
import { afterAll, beforeAll, it } from 'vitest';
import { ShownPage } from './shown_page.js';
import { expectTrained, TRAIN, type TrainedInPage } from './taught_pictures.js';

let shown: ShownPage;
beforeAll(async () => {
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#stop').waitFor({ state: 'attached' });
  await shown.idle();
});
afterAll(() => shown?.close());

it('takes the steps of Node, and Node scores as the page does with the new adapters', async () => {
  // A tab that is not looked at goes on.
  await shown.page.evaluate(`{
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }`);
  await expectTrained((await shown.page.evaluate(TRAIN)) as TrainedInPage);
}, 200_000);
