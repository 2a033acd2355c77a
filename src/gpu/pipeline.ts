/** Compute pipelines by label, with explicit bind-group layouts read from the kernels' own text. */
import { interfaceOf, type Knobs, labelOf, type ShaderInterface, type ShaderTexts, specialise } from './shader.js';

export interface Kernel {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly face: ShaderInterface;
}

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #texts: ShaderTexts;
  readonly #kernels = new Map<string, Kernel>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(device: GPUDevice, texts: ShaderTexts) {
    this.#device = device;
    this.#texts = texts;
  }

  /** Labels of everything compiled so far. */
  get labels(): string[] {
    return [...this.#kernels.keys()];
  }

  /** The kernel of a stem and its knobs; compiled on first use. */
  get(stem: string, knobs: Knobs): Kernel {
    const label = labelOf(stem, knobs);
    const known = this.#kernels.get(label);
    if (known) return known;
    const { descriptor, layout, face } = this.#describe(stem, knobs, label);
    const kernel = { label, pipeline: this.#device.createComputePipeline(descriptor), layout, face };
    this.#kernels.set(label, kernel);
    return kernel;
  }

  /** Compiles kernels side by side, ahead of their first use. */
  async prepare(list: readonly { stem: string; knobs: Knobs }[]): Promise<void> {
    const jobs = list.map(({ stem, knobs }) => {
      const label = labelOf(stem, knobs);
      if (this.#kernels.has(label)) return undefined;
      let job = this.#pending.get(label);
      if (!job) {
        const { descriptor, layout, face } = this.#describe(stem, knobs, label);
        job = this.#device.createComputePipelineAsync(descriptor).then((pipeline) => {
          if (!this.#kernels.has(label)) this.#kernels.set(label, { label, pipeline, layout, face });
          this.#pending.delete(label);
        });
        this.#pending.set(label, job);
      }
      return job;
    });
    await Promise.all(jobs);
  }

  #describe(stem: string, knobs: Knobs, label: string) {
    const text = this.#texts.get(stem);
    if (text === undefined) throw new Error(`${stem}: no such kernel among the ${this.#texts.size} that were loaded`);
    const face = interfaceOf(stem, text);
    const layout = this.#layoutOf(face);
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: {
        module: this.#device.createShaderModule({ label, code: specialise(stem, text, knobs) }),
        entryPoint: 'main',
      },
    };
    return { descriptor, layout, face };
  }

  #layoutOf(face: ShaderInterface): GPUBindGroupLayout {
    const key = face.slots.map((s) => `${s.binding}${s.kind}`).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        label: key,
        entries: face.slots.map((slot) => ({
          binding: slot.binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer:
            slot.kind === 'uniform'
              ? { type: 'uniform', hasDynamicOffset: true }
              : { type: slot.kind === 'read' ? 'read-only-storage' : 'storage' },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
