/** The page: what the user does, what the worker answers, and what is shown of it. */
import { CameraPanel } from './camera_panel.js';
import { DecidePanel } from './decide_panel.js';
import { DevicePanel } from './device_panel.js';
import { byId, make } from './elements.js';
import { EngineClient } from './engine_client.js';
import { onLanguage, startLanguage, text } from './language.js';
import { LevelView } from './level_view.js';
import { startLongTables } from './long_table.js';
import { ModelChooser } from './model_panel.js';
import { type Given, startPictureInput } from './picture_input.js';
import { PictureQueue, type ScoreUse } from './picture_queue.js';
import { showResult, showStage } from './result_panel.js';
import { asCsv, asJson, showTable } from './results_table.js';
import { fileOf, SAMPLES, type Sample, startSamples } from './samples.js';
import { saveFile, savePng, stemOf } from './save_file.js';
import { checkSupport } from './support.js';
import { startTabs } from './tabs.js';
import { TeachPictures } from './teach_pictures.js';
import { TeachRun } from './teach_run.js';
import { type Threshold, USUAL_THRESHOLD } from './verdict.js';
import { asMask, showPicture, startViewer, withHeatmap } from './viewer.js';

/** Sides that a user may choose, in pixels. */
const SIDES = [112, 224, 256, 336, 518];

const object = byId('object', HTMLInputElement);
const size = byId('size', HTMLSelectElement);
const slider = byId('threshold', HTMLInputElement);

let threshold: Threshold = USUAL_THRESHOLD;
let decide: DecidePanel | undefined;
let teach: TeachPictures | undefined;

const engine = new EngineClient();
const queue = new PictureQueue(engine, update, (entry, stage, share) => {
  if (entry === queue.selected) showStage(stage, share);
});

const levels = new LevelView(engine, queue);

function update(): void {
  showPicture(queue.selected);
  levels.update();
  showResult(queue.selected, threshold, (imageSize) => {
    size.value = String(imageSize);
    if (queue.selected) queue.again(queue.selected, { ...queue.selected, imageSize });
  });
  showTable(queue, threshold);
}

const chosenSize = (): number | undefined => (size.value === '' ? undefined : Number(size.value));

const useNow = (): ScoreUse => ({
  className: object.value.trim(),
  imageSize: chosenSize(),
  orient: byId('orient', HTMLInputElement).checked,
});

/** Scores pictures of the object that the user named. */
function take(given: readonly Given[]): void {
  const verdict = byId('verdict', HTMLElement);
  if (given.length === 0) verdict.textContent = text('folderEmpty');
  else if (useNow().className === '') {
    verdict.textContent = text('objectMissing');
    object.focus();
  } else queue.add(given, useNow());
}

async function takeSample(sample: Sample): Promise<void> {
  object.value = sample.object;
  try {
    take([await fileOf(sample)]);
  } catch (error) {
    byId('verdict', HTMLElement).textContent = error instanceof Error ? error.message : String(error);
  }
}

function fillSizes(): void {
  for (const select of [size, byId('camera-size', HTMLSelectElement)]) {
    const before = select.value;
    select.replaceChildren(
      make('option', { value: '' }, text('sizeTrained')),
      ...SIDES.map((n) => make('option', { value: String(n) }, text('sizePixels', { n }))),
    );
    select.value = before;
  }
}

function startControls(): void {
  slider.addEventListener('input', () => {
    threshold = { value: Number(slider.value) / 100, own: true };
    byId('threshold-value', HTMLOutputElement).value = threshold.value.toFixed(2);
    update();
  });
  const on = (id: string, act: () => void): void => byId(id, HTMLButtonElement).addEventListener('click', act);
  on('stop', () => queue.stop());
  on('clear', () => queue.clear());
  const saved = (name: string, type: string, content: string): void => saveFile(name, new Blob([content], { type }));
  on('save-csv', () => saved('aaclip.csv', 'text/csv', asCsv(queue.entries, threshold)));
  on('save-json', () => saved('aaclip.json', 'application/json', asJson(queue.entries, threshold)));
  const stem = (): string => stemOf(queue.selected?.name ?? 'picture') + levels.suffix;
  on('save-heatmap', () => savePng(`${stem()}.heatmap.png`, withHeatmap()));
  on('save-mask', () => savePng(`${stem()}.mask.png`, asMask()));
}

startLanguage();
const supported = checkSupport();
startLongTables();
fillSizes();
onLanguage(() => {
  fillSizes();
  update();
});
startViewer();
startControls();
startPictureInput((given) => {
  if (decide && !byId('panel-decide', HTMLElement).hidden) decide.take(given);
  else if (teach && !byId('panel-teach', HTMLElement).hidden) teach.take(given);
  else take(given);
});
startSamples((sample) => void takeSample(sample));
update();

if (supported) {
  const device = new DevicePanel(engine);
  decide = new DecidePanel(engine, () => ({ model: queue.model, ...useNow() }));
  let run: TeachRun | undefined;
  teach = new TeachPictures(() => run?.refresh());
  const models = new ModelChooser(engine, {
    use: () => ({ className: object.value.trim() || 'object', imageSize: chosenSize() }),
    chosen: (model) => {
      queue.model = model;
    },
  });
  run = new TeachRun(engine, {
    model: () => queue.model,
    taught: teach,
    use: (model) => models.useTaught(model),
  });
  const camera = new CameraPanel(engine, {
    model: () => queue.model,
    threshold: () => threshold,
    taken: (file, name, className) => queue.add([{ file, name }], { ...useNow(), className }),
  });
  startTabs((panel) => {
    if (panel === 'panel-camera') byId('camera-object', HTMLInputElement).value ||= object.value;
    else camera.stop('cameraOff');
    if (panel === 'panel-teach') {
      byId('teach-object', HTMLInputElement).value ||= object.value;
      void run.opened();
    }
    if (panel === 'panel-decide') byId('decide-object', HTMLInputElement).value ||= object.value;
    if (panel !== 'panel-device') return;
    void device.refresh(queue.model);
    void models.refresh();
  });
  // The first sample is scored at once: what the page does is seen before anything is asked for.
  void takeSample(SAMPLES[0]);
} else {
  startTabs(() => undefined);
}

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // Without it the page works all the same, only not offline.
  navigator.serviceWorker.register('./offline.js').catch(() => undefined);
}
