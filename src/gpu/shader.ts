/**
 * Shaders as text: what a .wgsl file declares (parameters, bindings) and its specialisation.
 *
 * A kernel file is valid WGSL as it stands. Lines that are exactly `alias NAME = ...;` or `const NAME: u32|bool = ...;`
 * are its knobs; everything else is left untouched, so line numbers in compile errors are those of the file.
 */

/** Values of a kernel's knobs: numbers and booleans for `const` lines, type names for `alias` lines. */
export type Knobs = Readonly<Record<string, number | boolean | string>>;

/** Knobs that make up a tile, by the key of the place that uses it: `{ 'matmul.panel f16': { TM: 8, TN: 4, WG: 64 } }`. */
export type Tiles = Readonly<Record<string, Knobs>>;

/** Texts of the kernels by file stem; the host reads them, the core never touches a file system. */
export type ShaderTexts = ReadonlyMap<string, string>;

export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

export interface BindingSlot {
  readonly name: string;
  readonly binding: number;
  readonly kind: 'uniform' | 'read' | 'read_write';
}

export interface ShaderInterface {
  readonly params: readonly ParamField[];
  readonly slots: readonly BindingSlot[];
  /** Invocations of a workgroup along x, y and z. */
  readonly workgroup: readonly [number, number, number];
}

const KNOB = /^(?:alias (\w+) = (.+);|const (\w+): (u32|bool) = (.+);)$/;

/** Names and defaults of the lines a specialisation may rewrite. */
export function knobsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const m = KNOB.exec(line);
    if (m) found.set((m[1] ?? m[3])!, (m[2] ?? m[5])!);
  }
  return found;
}

const ENTRY = /^@compute @workgroup_size\(/;

/**
 * Rewrites the knob lines of a kernel.
 * @param chooseSubgroups asks for subgroups of SG lanes, where the kernel has that knob
 * @throws when a name is not a knob of the kernel; the message lists the knobs.
 */
export function specialise(stem: string, text: string, knobs: Knobs, chooseSubgroups = false): string {
  const left = new Set(Object.keys(knobs));
  const sized = chooseSubgroups && /^const SG: u32 = /m.test(text);
  let usesF16 = false;
  const lines = text.split('\n').map((line) => {
    const m = KNOB.exec(line);
    if (!m) return sized ? line.replace(ENTRY, '@compute @subgroup_size(SG) @workgroup_size(') : line;
    const name = (m[1] ?? m[3])!;
    const value = knobs[name];
    if (value === undefined) return line;
    left.delete(name);
    if (m[1] !== undefined) {
      usesF16 ||= /\bf16\b/.test(String(value));
      return `alias ${name} = ${value};`;
    }
    if (m[4] === 'bool') return `const ${name}: bool = ${Boolean(value)};`;
    if (!Number.isInteger(value) || Number(value) < 0) {
      throw new Error(`${stem}: knob ${name}: expected a whole number, got ${value}`);
    }
    return `const ${name}: u32 = ${value}u;`;
  });
  if (left.size > 0) {
    throw new Error(
      `${stem}: no knob ${[...left].join(', ')}: expected one of ${[...knobsOf(text).keys()].join(', ')}`,
    );
  }
  if (usesF16 && !/^enable f16;/m.test(text)) lines[0] = `enable f16; ${lines[0]}`;
  if (sized) lines[0] = `enable subgroup_size_control; ${lines[0]}`;
  return lines.join('\n');
}

/** `layernorm[WG=128]`: pipeline key, WebGPU label, timing key, bench row and error prefix. */
export function labelOf(stem: string, knobs: Knobs): string {
  const parts = Object.entries(knobs).map(([name, value]) => `${name}=${value}`);
  return parts.length === 0 ? stem : `${stem}[${parts.join(',')}]`;
}

/** Reads a kernel's `struct Params` (32-bit scalars only), its bindings of group 0 and its workgroup size. */
export function interfaceOf(stem: string, text: string): ShaderInterface {
  const slots: BindingSlot[] = [];
  for (const m of text.matchAll(
    /^@group\(0\) @binding\((\d+)\) var<(uniform|storage, read|storage, read_write)> (\w+):/gm,
  )) {
    const kind = m[2] === 'uniform' ? 'uniform' : m[2] === 'storage, read' ? 'read' : 'read_write';
    slots.push({ name: m[3]!, binding: Number(m[1]), kind });
  }
  const params: ParamField[] = [];
  const body = /struct Params \{([^}]*)\}/.exec(text)?.[1] ?? '';
  for (const line of body.split('\n')) {
    const m = /^\s*(\w+): (\w+),/.exec(line);
    if (!m) continue;
    const type = m[2];
    if (type !== 'u32' && type !== 'i32' && type !== 'f32') {
      throw new Error(`${stem}: Params.${m[1]}: expected u32, i32 or f32, got ${type}`);
    }
    params.push({ name: m[1]!, type });
  }
  if (slots.length === 0) throw new Error(`${stem}: no bindings of group 0 found`);
  return { params, slots, workgroup: workgroupOf(stem, text) };
}

/** Reads `@workgroup_size(...)`, whose numbers may be constants of the text. */
function workgroupOf(stem: string, text: string): [number, number, number] {
  const sizes = (/@workgroup_size\(([^)]*)\)/.exec(text)?.[1] ?? '').split(',').map((part) => {
    const name = part.trim();
    const value = /^\d/.test(name) ? name : new RegExp(`^const ${name}(?:: u32)? = (\\d+)u?;`, 'm').exec(text)?.[1];
    if (!value) throw new Error(`${stem}: @workgroup_size: expected numbers or constants of the kernel, got "${name}"`);
    return Number.parseInt(value, 10);
  });
  return [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1];
}

/** Writes parameter values into `view` at `offset`, in the order of the struct. */
export function encodeParams(
  label: string,
  fields: readonly ParamField[],
  values: Readonly<Record<string, number>>,
  view: DataView,
  offset: number,
): void {
  for (let i = 0; i < fields.length; i++) {
    const { name, type } = fields[i]!;
    const value = values[name];
    if (value === undefined) throw new Error(`${label}: parameter ${name} is missing`);
    const at = offset + 4 * i;
    if (type === 'f32') view.setFloat32(at, value, true);
    else if (type === 'i32') view.setInt32(at, value, true);
    else view.setUint32(at, value, true);
  }
}
