/** Workgroup memory of a kernel, added up from its text: constants are evaluated, arrays measured. */

type Value = number | boolean;

const TOKEN = /\s*(?:(0x[\da-f]+|\d+(?:\.\d+)?)[uif]?|(\w+)|(<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%()<>,!]))/gy;

const PRECEDENCE: Readonly<Record<string, number>> = {
  ...{ '||': 1, '&&': 2, '==': 3, '!=': 3, '<': 4, '>': 4, '<=': 4, '>=': 4 },
  ...{ '<<': 5, '>>': 5, '+': 6, '-': 6, '*': 7, '/': 7, '%': 7 },
};

const BINARY: Readonly<Record<string, (a: number, b: number) => Value>> = {
  '||': (a, b) => Boolean(a) || Boolean(b),
  '&&': (a, b) => Boolean(a) && Boolean(b),
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<<': (a, b) => a * 2 ** b,
  '>>': (a, b) => Math.floor(a / 2 ** b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
};

const CALLS: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
  select: ([no, yes, which]) => (which ? yes! : no!),
  max: (args) => Math.max(...args.map(Number)),
  min: (args) => Math.min(...args.map(Number)),
  u32: ([x]) => Number(x),
};

/** The value of a constant expression of whole numbers and booleans. */
export function evaluate(expression: string, constants: ReadonlyMap<string, Value>): Value {
  const tokens = [...expression.matchAll(TOKEN)];
  let at = 0;
  const peek = (): string | undefined => tokens[at]?.[3];
  const expectToken = (token: string): void => {
    if (tokens[at++]?.[3] !== token) throw new Error(`wgsl: "${expression}": expected ${token}`);
  };
  function primary(): Value {
    const [, number, name, sign] = tokens[at++] ?? [];
    if (number !== undefined) return Number(number);
    if (sign === '!') return !primary();
    if (sign === '-') return -Number(primary());
    if (sign === '(') {
      const value = binary(0);
      expectToken(')');
      return value;
    }
    if (name === 'true' || name === 'false') return name === 'true';
    const call = CALLS[name ?? ''];
    if (call && peek() === '(') {
      const args: Value[] = [];
      do {
        at++;
        args.push(binary(0));
      } while (peek() === ',');
      expectToken(')');
      return call(args);
    }
    const value = constants.get(name ?? '');
    if (value === undefined) throw new Error(`wgsl: "${expression}": ${name ?? sign} is not known`);
    return value;
  }
  function binary(least: number): Value {
    let left = primary();
    for (;;) {
      const sign = peek() ?? '';
      const rank = PRECEDENCE[sign] ?? 0;
      if (rank <= least) return left;
      at++;
      left = BINARY[sign]!(Number(left), Number(binary(rank)));
    }
  }
  return binary(0);
}

/** The constants of a kernel, outside functions. */
export function constantsOf(text: string): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const [, name, value] of text.matchAll(/^const (\w+)(?:: \w+)? = (.+?);/gm)) {
    if (/^[-\d.]+$|vec|array/.test(value!) && !/^\d+$/.test(value!)) continue;
    found.set(name!, evaluate(value!, found));
  }
  return found;
}

const SIZES: Readonly<Record<string, readonly [size: number, align: number]>> = {
  ...{ f32: [4, 4], u32: [4, 4], i32: [4, 4], f16: [2, 2], bool: [4, 4], 'atomic<u32>': [4, 4] },
  ...{ vec2f: [8, 8], vec2u: [8, 8], vec2h: [4, 4], vec3f: [12, 16], vec4f: [16, 16], vec4u: [16, 16], vec4h: [8, 8] },
};

/** Bytes of workgroup memory that a kernel declares. @throws when it uses a type that is not listed here */
export function workgroupBytes(text: string): number {
  const constants = constantsOf(text);
  const aliases = new Map([...text.matchAll(/^alias (\w+) = (.+);/gm)].map((m) => [m[1]!, m[2]!]));
  const sizeOf = (written: string): readonly [number, number] => {
    const type = aliases.get(written) ?? written;
    const array = /^array<(.+?>|[^,<]+), (.+)>$/.exec(type);
    if (array) {
      const [size, align] = sizeOf(array[1]!);
      return [Math.ceil(size / align) * align * Number(evaluate(array[2]!, constants)), align];
    }
    const known = SIZES[type];
    if (!known) throw new Error(`wgsl: the size of ${type} is not known`);
    return known;
  };
  let bytes = 0;
  for (const [, type] of text.matchAll(/^var<workgroup> \w+: (.+);/gm)) {
    const [size, align] = sizeOf(type!);
    bytes = Math.ceil(bytes / align) * align + size;
  }
  // Each variable begins on a multiple of 16.
  return Math.ceil(bytes / 16) * 16;
}
