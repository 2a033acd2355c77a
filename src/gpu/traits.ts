/** What an adapter can do and what is expensive on it. Kernels and batch sizes are chosen by these facts alone. */

/** A product of matrices that an adapter's matrix units do in one step: [m, k] times [k, n]. */
export interface MatrixShape extends MatrixTypes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

interface MatrixTypes {
  readonly componentType: string;
  readonly resultComponentType: string;
}

export interface Traits {
  /** Whether the adapter is software on the host's processor. */
  readonly software: boolean;
  /** Lanes of a subgroup where that is one fixed number and the feature is on, else 0. */
  readonly subgroupSize: number;
  readonly f16: boolean;
  /** Bytes of memory the invocations of a workgroup can share. */
  readonly workgroupMemory: number;
  /** Products its matrix units compute; empty where it has no such units. */
  readonly matrixShapes: readonly MatrixShape[];
  /** A barrier costs more than workgroup memory saves. */
  readonly barriersAreExpensive: boolean;
  /** A load costs as much as many multiply-adds, even of a word that was just loaded. */
  readonly loadsAreExpensive: boolean;
  /** Tokens of pictures worked on at a time beyond which the device gets no faster. */
  readonly tokensToFillDevice: number;
  /** Operations recorded before the stream submits by itself. */
  readonly workPerSubmit: number;
}

/** Reads the traits of an adapter and the device opened on it. */
export function traitsOf(adapter: GPUAdapter, device: GPUDevice): Traits {
  const { info } = adapter;
  const { subgroupMatrixConfigs: configs = [], isFallbackAdapter = false } = info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: readonly (Record<'M' | 'N' | 'K', number> & MatrixTypes)[];
  };
  const matrixShapes = configs.map(({ M: m, N: n, K: k, componentType, resultComponentType }) => {
    return { m, n, k, componentType, resultComponentType };
  });
  const software =
    isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader|softpipe/i.test(`${info.architecture} ${info.device} ${info.description}`);
  const fixed = device.features.has('subgroups') && info.subgroupMinSize === info.subgroupMaxSize;
  const subgroupSize = fixed ? (info.subgroupMinSize ?? 0) : 0;
  // A software adapter that runs a subgroup as one SIMD vector: every barrier saves and restores all of them, and every
  // load gathers lane by lane.
  const vector = software && (subgroupSize === 4 || subgroupSize === 8);
  return {
    software,
    subgroupSize,
    f16: device.features.has('shader-f16'),
    workgroupMemory: device.limits.maxComputeWorkgroupStorageSize,
    matrixShapes: device.features.has('chromium-experimental-subgroup-matrix') ? matrixShapes : [],
    barriersAreExpensive: vector,
    loadsAreExpensive: vector,
    // On GPUs: eight pictures of 518 px in patches of 14.
    tokensToFillDevice: vector ? 2048 : 8 * 1370,
    workPerSubmit: software ? 40e9 : 4e12,
  };
}
