/** Adapter facts for `aaclip info` and reports. */
import './platform_names.js';

export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** An adapter's limits as a plain object. */
export function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const named: Record<string, number> = {};
  for (const key in limits) {
    const value = limits[key as keyof GPUSupportedLimits];
    if (typeof value === 'number') named[key] = value;
  }
  return named;
}

export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = adapter.info;
  const features = [...adapter.features].sort();
  return { vendor, architecture, device, description, features, limits: limitsOf(adapter.limits) };
}
