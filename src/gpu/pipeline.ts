/** Compute pipelines by label, with explicit bind-group layouts read from the kernels' own text. */
import { interfaceOf, type Knobs, labelOf, type ShaderInterface, type ShaderTexts, specialise } from './shader.js';

export interface Kernel {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly face: ShaderInterface;
}

/** A kernel that is being compiled. */
interface Compilation {
  readonly code: string;
  readonly module: GPUShaderModule;
  readonly descriptor: GPUComputePipelineDescriptor;
  readonly layout: GPUBindGroupLayout;
  readonly face: ShaderInterface;
}

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #texts: ShaderTexts;
  readonly #chooseSubgroups: boolean;
  readonly #kernels = new Map<string, Kernel>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #begun = new Map<string, Compilation>();
  readonly #pending = new Map<string, Promise<void>>();

  /** @param chooseSubgroups whether kernels with the knob SG ask for subgroups of that size, which else vary */
  constructor(device: GPUDevice, texts: ShaderTexts, chooseSubgroups = false) {
    this.#device = device;
    this.#texts = texts;
    this.#chooseSubgroups = chooseSubgroups;
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
    const { descriptor, layout, face } = this.#begin(stem, knobs, label);
    const kernel = { label, pipeline: this.#device.createComputePipeline(descriptor), layout, face };
    this.#kernels.set(label, kernel);
    return kernel;
  }

  /**
   * Compiles kernels side by side, ahead of their first use.
   * @throws what `diagnose` says, when one does not compile
   */
  async prepare(list: readonly { readonly stem: string; readonly knobs: Knobs }[]): Promise<void> {
    const jobs = new Map<string, Promise<void>>();
    for (const { stem, knobs } of list) {
      const label = labelOf(stem, knobs);
      if (this.#kernels.has(label) || jobs.has(label)) continue;
      jobs.set(label, this.#pending.get(label) ?? this.#start(stem, knobs, label));
    }
    await Promise.all(jobs.values());
  }

  /**
   * What the compiler said about a kernel: `label:line:column: message`, the line, and a mark below the place.
   * @returns undefined when it found no fault, or when no kernel with that label was compiled
   */
  async diagnose(label: string): Promise<string | undefined> {
    const begun = this.#begun.get(label);
    if (!begun) return undefined;
    const lines = begun.code.split('\n');
    const { messages } = await begun.module.getCompilationInfo();
    const faults = messages
      .filter(({ type }) => type === 'error')
      .map(({ lineNum, linePos, message }) => {
        const mark = `${' '.repeat(Math.max(0, linePos - 1))}^`;
        return `${label}:${lineNum}:${linePos}: ${message}\n${lines[lineNum - 1] ?? ''}\n${mark}`;
      });
    return faults.length > 0 ? faults.join('\n') : undefined;
  }

  /** Begins to compile a kernel; a second request meanwhile gets the same promise, a later one after a failure tries again. */
  #start(stem: string, knobs: Knobs, label: string): Promise<void> {
    const job = this.#compile(stem, knobs, label).finally(() => this.#pending.delete(label));
    this.#pending.set(label, job);
    return job;
  }

  async #compile(stem: string, knobs: Knobs, label: string): Promise<void> {
    const { descriptor, layout, face } = this.#begin(stem, knobs, label);
    try {
      const pipeline = await this.#device.createComputePipelineAsync(descriptor);
      if (!this.#kernels.has(label)) this.#kernels.set(label, { label, pipeline, layout, face });
    } catch (error) {
      throw new Error((await this.diagnose(label)) ?? `${label}: ${error instanceof Error ? error.message : error}`);
    }
  }

  #begin(stem: string, knobs: Knobs, label: string): Compilation {
    const text = this.#texts.get(stem);
    if (text === undefined) throw new Error(`${stem}: no such kernel among the ${this.#texts.size} that were loaded`);
    const code = specialise(stem, text, knobs, this.#chooseSubgroups);
    const face = interfaceOf(stem, code);
    const layout = this.#layoutOf(face);
    const module = this.#device.createShaderModule({ label, code });
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    };
    const begun = { code, module, descriptor, layout, face };
    this.#begun.set(label, begun);
    return begun;
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
