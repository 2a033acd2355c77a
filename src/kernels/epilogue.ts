/** What a matrix product may do to its result before it is written: bias, activation, residual. */

/** GELU with erf (the published model), QuickGELU (OpenAI's training), LeakyReLU of slope 0.01 (adapters). */
export type Activation = 'none' | 'gelu' | 'quickgelu' | 'leaky_relu';

/** The number kernels know an activation by. */
export function activationCode(kind: Activation): number {
  return { none: 0, gelu: 1, quickgelu: 2, leaky_relu: 3 }[kind];
}
