/** Names of tensors without the parts that wrappers of modules add. */
import type { TensorFile, TensorInfo } from './tensor_file.js';

/** DataParallel, torch.compile, FSDP, checkpointed activations, DeepSpeed. They may wrap any module, and each other. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
  '_forward_module',
]);

function unwrapped(name: string): string {
  return name
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.');
}

/** The same file, its names without such parts; where two names become one, the tensor of the shorter name counts. */
export function withoutWrappers(file: TensorFile): TensorFile {
  const own = new Map<string, string>();
  for (const name of file.tensors.keys()) {
    const plain = unwrapped(name);
    const other = own.get(plain);
    if (other === undefined || name.length < other.length) own.set(plain, name);
  }
  const ownName = (name: string): string => own.get(name) ?? name;
  const tensors = new Map<string, TensorInfo>();
  for (const [plain, name] of own) tensors.set(plain, { ...file.tensors.get(name)!, name: plain });
  return {
    ...file,
    tensors,
    unread: new Map([...(file.unread ?? [])].map(([name, why]) => [unwrapped(name), why])),
    read: (name) => file.read(ownName(name)),
    readF32: (name) => file.readF32(ownName(name)),
  };
}
