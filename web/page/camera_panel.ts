/** Scores what a camera sees: the newest frame, one at a time, as fast as the device allows. */
import type { ModelChoice, ScoreReport } from '#src/web/engine_messages';
import { Camera, CameraError } from './camera_source.js';
import { byId, make, show } from './elements.js';
import { type EngineClient, failureOf, JobError } from './engine_client.js';
import { context, inColours, paint } from './heat_canvas.js';
import { type TextKey, text } from './language.js';
import { sayFailure, stageName } from './result_panel.js';
import { isFaulty, scoreOf, type Threshold } from './verdict.js';

const object = byId('camera-object', HTMLInputElement);
const size = byId('camera-size', HTMLSelectElement);
const which = byId('camera-list', HTMLSelectElement);
const status = byId('camera-status', HTMLElement);
const verdict = byId('camera-verdict', HTMLElement);
const frameCanvas = byId('camera-frame', HTMLCanvasElement);

/** Frames that the rate is taken over. */
const RATE_OVER = 10;

export interface CameraUse {
  /** The model that is chosen. */
  model(): ModelChoice;
  threshold(): Threshold;
  /** Called with a frame that the user wants to keep. */
  taken(file: Blob, name: string, className: string): void;
}

export class CameraPanel {
  readonly #engine: EngineClient;
  readonly #use: CameraUse;
  #camera: Camera | undefined;
  #stop = new AbortController();
  #kept = 0;

  constructor(engine: EngineClient, use: CameraUse) {
    this.#engine = engine;
    this.#use = use;
    byId('camera-start', HTMLElement).addEventListener('click', () => void this.#start());
    byId('camera-stop', HTMLElement).addEventListener('click', () => this.stop('cameraOff'));
    byId('camera-take', HTMLElement).addEventListener('click', () => this.#take());
    which.addEventListener('change', () => {
      if (!this.#camera) return;
      this.stop('cameraOff');
      void this.#start();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.stop('cameraHidden');
    });
  }

  /** Switches the camera off, where it is on. */
  stop(why: TextKey): void {
    if (!this.#camera) return;
    this.#camera.close();
    this.#camera = undefined;
    this.#stop.abort();
    status.textContent = text(why);
    this.#buttons();
  }

  #buttons(): void {
    show(byId('camera-start', HTMLElement), !this.#camera);
    show(byId('camera-stop', HTMLElement), this.#camera !== undefined);
  }

  async #start(): Promise<void> {
    if (object.value.trim() === '') {
      status.textContent = text('objectMissing');
      object.focus();
      return;
    }
    const start = byId('camera-start', HTMLButtonElement);
    start.disabled = true;
    status.textContent = text('cameraOpening');
    try {
      this.#camera = await Camera.open(which.value, () => this.stop('cameraEnded'));
      this.#stop = new AbortController();
      status.textContent = text('cameraRunning');
      await this.#list();
      if (document.hidden) this.stop('cameraHidden');
    } catch (error) {
      status.textContent = error instanceof CameraError ? text(error.reason) : String(error);
    } finally {
      start.disabled = false;
      this.#buttons();
    }
    if (this.#camera) await this.#run(this.#camera, this.#stop.signal);
  }

  /** Offers the cameras where there are several. */
  async #list(): Promise<void> {
    const cameras = await Camera.list();
    const before = which.value;
    which.replaceChildren(
      ...cameras.map(({ deviceId, label }, i) =>
        make('option', { value: deviceId }, label || text('cameraNumber', { n: i + 1 })),
      ),
    );
    if (cameras.some(({ deviceId }) => deviceId === before)) which.value = before;
    show(byId('camera-field', HTMLElement), cameras.length > 1);
  }

  async #run(camera: Camera, signal: AbortSignal): Promise<void> {
    const times: number[] = [];
    while (camera === this.#camera) {
      const frame = camera.frame();
      const name = text('camera');
      try {
        const report = await this.#engine.ask(
          {
            ...{ kind: 'score', model: this.#use.model(), picture: frame, name, orient: false },
            className: object.value.trim() || 'object',
            imageSize: size.value === '' ? undefined : Number(size.value),
          },
          {
            ...{ signal, handOver: [frame.data.buffer as ArrayBuffer] },
            onStage: (stage) => {
              // The first frame waits for the model.
              if (times.length === 0) verdict.textContent = stageName(stage);
            },
          },
        );
        if (camera !== this.#camera) return;
        times.push(performance.now());
        this.#show(report, times.slice(-RATE_OVER));
      } catch (error) {
        if (camera !== this.#camera) return;
        const failure = failureOf(error);
        this.stop('cameraOff');
        sayFailure(status, failure);
        if (!(error instanceof JobError)) throw error;
        return;
      }
    }
  }

  #show(report: ScoreReport, times: readonly number[]): void {
    const { preview, map } = report;
    byId('camera-stack', HTMLElement).style.setProperty('--ratio', String(preview.width / preview.height));
    paint(frameCanvas, preview.width, preview.height, preview.data);
    paint(byId('camera-map', HTMLCanvasElement), map.width, map.height, inColours(map));
    const threshold = this.#use.threshold();
    const faulty = isFaulty(report, threshold);
    const score = scoreOf(report);
    const values = { score: score.toFixed(2), threshold: threshold.value.toFixed(2) };
    verdict.textContent = text(faulty ? 'verdictFaulty' : 'verdictGood', values);
    verdict.dataset.kind = faulty ? 'faulty' : 'good';
    // Read out only where the verdict changes.
    const words = text(faulty ? 'faulty' : 'good');
    if (status.textContent !== words) status.textContent = words;
    byId('camera-bar', HTMLElement).style.width = `${100 * score}%`;
    byId('camera-mark', HTMLElement).style.left = `${100 * threshold.value}%`;
    byId('camera-take', HTMLButtonElement).disabled = false;
    const each = times.length > 1 ? (times.at(-1)! - times[0]!) / (times.length - 1) : 0;
    if (each === 0) return;
    const rate = (1000 / each).toFixed(1);
    const { width, height } = report;
    byId('camera-rate', HTMLElement).textContent = text('cameraRate', { rate, ms: each.toFixed(0), width, height });
  }

  #take(): void {
    const { width, height } = frameCanvas;
    const still = Object.assign(document.createElement('canvas'), { width, height });
    context(still).drawImage(frameCanvas, 0, 0);
    const name = `camera-${++this.#kept}.png`;
    still.toBlob((blob) => {
      if (!blob) return;
      this.#use.taken(blob, name, object.value.trim() || 'object');
      status.textContent = text('cameraTaken', { name });
    }, 'image/png');
  }
}
