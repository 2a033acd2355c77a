/** The rules for source files, as functions of a file's path and text. `layers.test.ts` applies them. */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** The rooms that compute, each above the one before it. */
const ENGINE = ['gpu', 'tensor', 'autograd', 'kernels', 'ops', 'nn'];
/** Bytes and lists: no pixels, no device, no engine. */
const PLAIN = ['io', 'data'];
const MODEL = [...ENGINE, ...PLAIN, 'picture'];
const CORE = [...MODEL, 'cases', 'model', 'detect', 'export', 'train', 'eval', 'calibrate', 'verify'];
/** What each room of src may import: the rooms below it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  gpu: [],
  tensor: ['gpu'],
  autograd: ['gpu', 'tensor'],
  kernels: ['gpu', 'tensor'],
  ops: ['gpu', 'tensor', 'autograd', 'kernels'],
  nn: ['gpu', 'tensor', 'autograd', 'kernels', 'ops'],
  io: [],
  data: [],
  picture: ['gpu', 'tensor', 'kernels', 'ops', 'data'],
  model: MODEL,
  // Below verify and the benchmark, which run it; it knows the ops and no model.
  cases: [...ENGINE, 'data', 'picture'],
  detect: [...MODEL, 'model'],
  // A writer beside the engine: nothing but hosts and commands knows it.
  export: [...MODEL, 'model', 'detect'],
  train: [...MODEL, 'model', 'detect'],
  eval: [...MODEL, 'model', 'detect'],
  calibrate: [...MODEL, 'model', 'detect', 'eval'],
  // One way only: verify recomputes training steps, training knows nothing of it.
  verify: [...MODEL, 'cases', 'model', 'detect', 'train', 'eval'],
  'core.ts': CORE,
  node: [...CORE, 'core.ts'],
  web: [...CORE, 'core.ts'],
  cli: [...CORE, 'core.ts', 'node'],
};

/** Packages that need Node: a browser cannot load them. */
const NODE_PACKAGES = [
  'webgpu',
  'sharp',
  'commander',
  'pngjs',
  'fastify',
  '@fastify',
  'bullmq',
  'ioredis',
  '@aws-sdk',
  '@bull-board',
];
const NODE_NAMES = /^(?:process|Buffer|require|__dirname|__filename|setImmediate|clearImmediate|NodeJS)$/;
const DOM_NAMES =
  /^(?:document|window|self|navigator|location|history|localStorage|sessionStorage|indexedDB|caches|fetch|alert|Image|ImageData|ImageBitmap|createImageBitmap|OffscreenCanvas|CanvasRenderingContext2D|FileReader|XMLHttpRequest|WebSocket|Worker|requestAnimationFrame|cancelAnimationFrame|MutationObserver|ResizeObserver|customElements|Element|Node|(?:HTML|SVG)\w*Element|(?:Mouse|Pointer|Keyboard|Drag|Touch)Event)$/;
const GPU_NAMES = /^GPU[A-Z]/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** Source text with what the rules look at: the syntax tree, and the names the file declares. */
interface Source {
  readonly path: string;
  readonly text: string;
  readonly nodes: readonly { readonly node: Node; readonly parent: Node | undefined; readonly key: string }[];
  readonly declared: ReadonlySet<string>;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function parse(path: string, text: string): Source {
  const nodes: { node: Node; parent: Node | undefined; key: string }[] = [];
  const visit = (node: Node, parent: Node | undefined, key: string): void => {
    nodes.push({ node, parent, key });
    for (const [name, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node, name);
    }
  };
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, undefined, '');
  return { path, text, nodes, declared: new Set(nodes.flatMap(({ node }) => bindings(node).flatMap(boundNames))) };
}

/** The patterns in which a node gives names to things: variables, parameters, functions, imports, types. */
function bindings(node: Node): unknown[] {
  const patterns = [node.params, node.parameters].flatMap((list) => (Array.isArray(list) ? list : []));
  if (node.type === 'CatchClause') return [node.param];
  if (/^Import\w*Specifier$/.test(node.type)) return [node.local];
  if (node.type === 'TSTypeParameter') return [node.name];
  return isNode(node.id) ? [node.id, ...patterns] : patterns;
}

/** The names a pattern binds: `a`, `{ a, b: c }`, `[a, b = 1]`, `...a`. */
function boundNames(pattern: unknown): string[] {
  if (!isNode(pattern)) return [];
  if (pattern.type === 'Identifier') return [String(pattern.name)];
  const parts = [pattern.properties, pattern.elements].flatMap((list) => (Array.isArray(list) ? list : []));
  if (pattern.type === 'Property') parts.push(pattern.value);
  if (pattern.type === 'AssignmentPattern') parts.push(pattern.left);
  if (pattern.type === 'RestElement') parts.push(pattern.argument);
  return parts.flatMap(boundNames);
}

/** Whether an identifier in this place is the name of a member and refers to nothing. */
function isMemberName(parent: Node | undefined, key: string): boolean {
  if (!parent || parent.computed === true) return false;
  if (parent.type === 'MemberExpression') return key === 'property';
  if (parent.type === 'TSQualifiedName') return key === 'right';
  return key === 'key' || key === 'imported' || key === 'exported' || key === 'label';
}

const room = (path: string): string => /^src\/([^/]+)/.exec(path)?.[1] ?? '';

function complain(source: Source, at: number, what: string): string {
  return `${source.path}:${source.text.slice(0, at).split('\n').length}: ${what}`;
}

/** The modules a file names: static, re-exported, dynamic and in types. */
function importsOf(source: Source): { readonly name: string; readonly at: number }[] {
  const found: { name: string; at: number }[] = [];
  for (const { node } of source.nodes) {
    const from = node.type === 'TSImportType' ? (node.argument ?? node.source) : node.source;
    const literal = isNode(from) && isNode(from.literal) ? from.literal : from;
    if (isNode(literal) && typeof literal.value === 'string') found.push({ name: literal.value, at: node.start });
  }
  return found;
}

function names(source: Source, pattern: RegExp, what: string): string[] {
  const found: string[] = [];
  for (const { node, parent, key } of source.nodes) {
    if (node.type !== 'Identifier' || isMemberName(parent, key)) continue;
    const name = String(node.name);
    if (pattern.test(name) && !source.declared.has(name)) found.push(complain(source, node.start, `${what} ${name}`));
  }
  return found;
}

function importRule(source: Source): string[] {
  const own = room(source.path);
  const allowed = MAY_IMPORT[own];
  if (!allowed) return [`${source.path}: no such room: expected src/ and one of ${Object.keys(MAY_IMPORT).join(', ')}`];
  return importsOf(source).flatMap(({ name, at }) => {
    if (!name.startsWith('.')) return [];
    const target = posix.join(posix.dirname(source.path), name).replace(/\.js$/, '.ts');
    if (!target.startsWith('src/')) return [complain(source, at, `imports ${name}, outside src`)];
    const other = room(target);
    return other === own || allowed.includes(other) ? [] : [complain(source, at, `${own} may not import ${other}`)];
  });
}

function nodeRule(source: Source): string[] {
  if (['node', 'cli'].includes(room(source.path))) return [];
  const modules = importsOf(source).filter(({ name }) => {
    const base = name.split('/')[0] ?? '';
    return name.startsWith('node:') || builtinModules.includes(base) || NODE_PACKAGES.includes(base);
  });
  const complaints = modules.map(({ name, at }) =>
    complain(source, at, `Node module ${name} outside src/node and src/cli`),
  );
  return [...complaints, ...names(source, NODE_NAMES, 'Node name outside src/node and src/cli:')];
}

function domRule(source: Source): string[] {
  return room(source.path) === 'web' ? [] : names(source, DOM_NAMES, 'DOM name outside src/web:');
}

function gpuRule(source: Source): string[] {
  if (['gpu', 'node', 'cli', 'web'].includes(room(source.path))) return [];
  return names(source, GPU_NAMES, 'WebGPU name outside src/gpu and the hosts:');
}

const LOADING = /^(?:load|read)(?![a-z])|Loader$/;

/** Whether a node lies in something named as loading weights: `loadText`, `readF32`, `class WeightLoader`. */
function isLoading(start: Node, parents: ReadonlyMap<Node, Node | undefined>): boolean {
  for (let node: Node | undefined = start; node; node = parents.get(node)) {
    const name = isNode(node.id) ? node.id.name : isNode(node.key) ? node.key.name : undefined;
    if (LOADING.test(String(name))) return true;
  }
  return false;
}

/** Forward code returns at once; only loading a model may wait. */
function asyncRule(source: Source): string[] {
  const own = room(source.path);
  if (!['ops', 'nn', 'model'].includes(own) || /^src\/model\/load\w*\.ts$/.test(source.path)) return [];
  const parents = new Map(source.nodes.map(({ node, parent }) => [node, parent]));
  const found: string[] = [];
  for (const { node, parent, key } of source.nodes) {
    const promise =
      node.type === 'Identifier' && /^Promise(?:Like)?$/.test(String(node.name)) && !isMemberName(parent, key);
    const waits = node.async === true || node.type === 'AwaitExpression' || node.await === true;
    const then = parent?.type === 'MemberExpression' && key === 'property' && node.name === 'then';
    if (!(promise || waits || then) || (own === 'model' && isLoading(node, parents))) continue;
    found.push(complain(source, node.start, 'asynchronous code in forward code'));
  }
  return found;
}

/**
 * Violations of the layers by a file under src.
 * @param path from the root of the repository, with `/`
 * @returns one line a violation, `path:line: what`
 */
export function violations(path: string, text: string): string[] {
  const source = parse(path, text);
  return [importRule, nodeRule, domRule, gpuRule, asyncRule].flatMap((rule) => rule(source));
}

/** Every string literal of a file. */
function stringsOf(path: string, text: string): string[] {
  return parse(path, text).nodes.flatMap(({ node }) =>
    node.type === 'Literal' && typeof node.value === 'string' ? [node.value] : [],
  );
}

/**
 * Kernels that nothing dispatches.
 * @param shaders paths of the .wgsl files
 * @param launchers texts of the files that dispatch kernels, by path
 */
export function orphanShaders(shaders: readonly string[], launchers: ReadonlyMap<string, string>): string[] {
  const named = new Set([...launchers].flatMap(([path, text]) => stringsOf(path, text)));
  return shaders.filter((path) => !named.has(posix.basename(path, '.wgsl'))).map((path) => `${path}: named by no op`);
}

/**
 * Ops that no test is named after and no test imports. A file that only re-exports needs no test.
 * @param ops texts of src/ops by path
 * @param tests texts of the test files by path
 */
export function untestedOps(ops: ReadonlyMap<string, string>, tests: ReadonlyMap<string, string>): string[] {
  const tested = new Set<string>();
  for (const [path, text] of tests) {
    tested.add(posix.basename(path, '.test.ts'));
    for (const { name } of importsOf(parse(path, text))) {
      if (name.includes('/src/ops/')) tested.add(posix.basename(name, '.js'));
    }
  }
  return [...ops].flatMap(([path, text]) => {
    const { body } = parseAst(text, { lang: 'ts' }) as unknown as { body: Node[] };
    if (body.every((node) => /^Export|^Import/.test(node.type) && isNode(node.source))) return [];
    return tested.has(posix.basename(path, '.ts')) ? [] : [`${path}: no test is named after it or imports it`];
  });
}

/** Files every command folder has, by the one shape of commands. */
const SHAPE = ['command', 'flags', 'output'];

/**
 * Source files that share a name, so that a search or an error's stack leaves open which one is meant.
 * @param paths below src
 */
export function sharedStems(paths: readonly string[]): string[] {
  const byStem = new Map<string, string[]>();
  for (const path of paths) {
    const stem = posix.basename(path, '.ts');
    if (/^src\/cli\/\w+\//.test(path) && SHAPE.includes(stem)) continue;
    byStem.set(stem, [...(byStem.get(stem) ?? []), path]);
  }
  return [...byStem].filter(([, where]) => where.length > 1).map(([stem, where]) => `${stem}: ${where.join(', ')}`);
}
