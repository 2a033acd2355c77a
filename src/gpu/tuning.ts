/**
 * What is fast differs by adapter: this table is the one place that says what is chosen where.
 *
 * `cpu` adapters (lavapipe, SwiftShader) run a subgroup as one SIMD vector and pay dearly for barriers; `gpu` adapters
 * want tiles in workgroup memory. A later class for matrix units belongs here too.
 */
export type AdapterClass = 'cpu' | 'gpu';

export interface Traits {
  readonly adapterClass: AdapterClass;
  /** Lanes of a subgroup where that is one fixed number and the feature is on, else 0. */
  readonly subgroupSize: number;
  readonly f16: boolean;
  /** Operations recorded before the stream submits by itself. */
  readonly workPerSubmit: number;
  /** Whether the adapter is software on the host's processor. */
  readonly software: boolean;
}

/** Reads an adapter's traits; `force` overrides its class. */
export function classify(
  adapter: GPUAdapter,
  device: GPUDevice,
  force: AdapterClass | undefined,
  noSubgroups: boolean,
): Traits {
  const { info } = adapter;
  const software =
    /llvmpipe|lavapipe|swiftshader|softpipe/i.test(`${info.architecture} ${info.device} ${info.description}`) ||
    Boolean((info as { isFallbackAdapter?: boolean }).isFallbackAdapter);
  const fixed = device.features.has('subgroups') && info.subgroupMinSize === info.subgroupMaxSize;
  const subgroupSize = fixed && !noSubgroups ? (info.subgroupMinSize ?? 0) : 0;
  // The panel kernels need a fixed vector width of 4 or 8.
  const panels = software && (subgroupSize === 4 || subgroupSize === 8);
  return {
    adapterClass: force ?? (panels ? 'cpu' : 'gpu'),
    subgroupSize,
    f16: device.features.has('shader-f16'),
    workPerSubmit: software ? 40e9 : 4e12,
    software,
  };
}

/** How the panel kernel is cut: rows of a subgroup, columns of a panel, threads of a workgroup. */
export interface MatmulTuning {
  readonly rows: number;
  readonly columns: number;
  readonly workgroup: number;
}

/**
 * Measured on lavapipe 25.0 (AVX2 code, 16 registers): 8 x 32 sums with f16 weights, where a load brings two values;
 * 8 x 24 with f32 weights, where loads weigh more and spills less.
 */
export function matmulTuning(traits: Traits, half: boolean): MatmulTuning {
  const lanes = traits.subgroupSize || 8;
  return { rows: 8, columns: (half ? 4 : 3) * lanes, workgroup: 64 };
}
