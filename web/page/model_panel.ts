/** The choice of the model: the packaged one, or weights and adapters from files. */
import type { ModelChoice } from '#src/web/engine_messages';
import { bytesText } from './device_panel.js';
import { byId, each, make, show } from './elements.js';
import { type EngineClient, failureOf } from './engine_client.js';
import { onLanguage, text } from './language.js';
import { sayFailure, showProgress, stageName } from './result_panel.js';

const status = byId('model-status', HTMLElement);
const progress = byId('model-progress', HTMLProgressElement);
const use = byId('use-model', HTMLButtonElement);
const weights = byId('weights', HTMLInputElement);
const adapters = byId('adapters', HTMLInputElement);
const keep = byId('keep', HTMLInputElement);
const kept = byId('kept', HTMLSelectElement);

const chosenKind = (): string =>
  document.querySelector<HTMLInputElement>('input[name=model]:checked')?.value ?? 'packaged';

const showFields = (): void => show(byId('own-model', HTMLElement), chosenKind() === 'files');

/** What the fields say; undefined where no weights are chosen. @param taught the model with the adapters of this tab */
function chosenModel(taught: ModelChoice | undefined): ModelChoice | undefined {
  if (chosenKind() === 'packaged') return { kind: 'packaged' };
  if (chosenKind() === 'taught') return taught;
  const [file] = weights.files ?? [];
  const trained = [...(adapters.files ?? [])];
  if (file) return { kind: 'files', weights: file, adapters: trained };
  return kept.value === '' ? undefined : { kind: 'kept', weights: kept.value, adapters: trained };
}

export interface ModelPanel {
  /** Name of the object and size of pictures that the model is tried with. */
  use(): { readonly className: string; readonly imageSize: number | undefined };
  /** Called with the model that pictures are scored with from now on. */
  chosen(model: ModelChoice): void;
}

export class ModelChooser {
  readonly #engine: EngineClient;
  readonly #panel: ModelPanel;
  /** With the adapters that were trained in this tab. */
  #taught: ModelChoice | undefined;

  constructor(engine: EngineClient, panel: ModelPanel) {
    this.#engine = engine;
    this.#panel = panel;
    each('input[name=model]', (radio) => radio.addEventListener('change', showFields));
    use.addEventListener('click', () => void this.#use());
    byId('forget', HTMLElement).addEventListener('click', () => void this.#forget());
    onLanguage(() => void this.refresh());
  }

  /** Scores with a model that was trained in this tab from now on, and offers it beside the others. */
  useTaught(model: ModelChoice): void {
    this.#taught = model;
    const place = byId('model-taught', HTMLLabelElement);
    show(place, true);
    place.querySelector('input')!.checked = true;
    showFields();
    status.textContent = '';
    this.#panel.chosen(model);
  }

  /** Lists the files that the browser keeps; a browser that keeps none is not worth a word. */
  async refresh(): Promise<void> {
    const files = await this.#engine.ask({ kind: 'kept' }).catch(() => []);
    const before = kept.value;
    const options = files.map(({ name, size }) => make('option', { value: name }, `${name} (${bytesText(size)})`));
    kept.replaceChildren(make('option', { value: '' }, text('keptNone')), ...options);
    kept.value = files.some(({ name }) => name === before) ? before : '';
    show(byId('kept-field', HTMLElement), files.length > 0);
  }

  async #forget(): Promise<void> {
    if (kept.value === '') return;
    await this.#engine.ask({ kind: 'forget', name: kept.value }).catch((error: unknown) => this.#say(error));
    await this.refresh();
  }

  async #use(): Promise<void> {
    const model = chosenModel(this.#taught);
    if (!model) {
      status.textContent = text('weightsMissing');
      return;
    }
    use.disabled = true;
    status.textContent = text('modelLoading');
    showProgress(progress, undefined);
    try {
      const report = await this.#engine.ask(
        { kind: 'load', model, ...this.#panel.use() },
        {
          onStage: (stage, share) => {
            status.textContent = stageName(stage);
            showProgress(progress, share);
          },
        },
      );
      this.#panel.chosen(model);
      status.textContent = text('modelReady', { about: report.about, side: report.imageSize });
      if (model.kind === 'files' && keep.checked) await this.#keep(model.weights as File);
    } catch (error) {
      this.#say(error);
    } finally {
      show(progress, false);
      use.disabled = false;
    }
  }

  async #keep(file: File): Promise<void> {
    const onStage = (_: unknown, share: number | undefined): void => showProgress(progress, share);
    const { name, size } = await this.#engine.ask({ kind: 'keep', file, name: file.name }, { onStage });
    status.textContent += ` ${text('kept', { name, size: bytesText(size) })}`;
    await this.refresh();
  }

  #say(error: unknown): void {
    const failure = failureOf(error);
    const rest = failure.code === 'storage' ? '' : ` ${text('modelBack')}`;
    sayFailure(status, failure, `.${rest}`);
  }
}
