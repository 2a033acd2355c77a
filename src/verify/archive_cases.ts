/** Cases `pth.*`: files that torch wrote, read without torch. */
import { type CaseContext, type Comparison, metadata } from './case.js';

export async function* archiveCase({ folder, file }: CaseContext): AsyncIterable<Comparison> {
  const archives = metadata(file, 'file').match(/[\w.-]+\.(?:pth|pt)\b/g) ?? [];
  if (archives.length === 0) throw new Error(`${file.name}: metadata file names no .pt or .pth`);
  for (const name of archives) {
    const archive = await folder.openArchive(name);
    // A checkpoint of one adapter keeps its tensors under the adapter's name.
    const prefix = ['', 'text_adapter.', 'image_adapter.'].find((p) =>
      [...file.tensors.keys()].every((t) => archive.tensors.has(p + t)),
    );
    if (prefix === undefined) throw new Error(`${name}: does not hold the tensors of ${file.name}`);
    for (const tensor of file.tensors.keys()) {
      const label = archives.length > 1 ? `${name}: ${tensor}` : tensor;
      yield { tensor: label, got: await archive.readF32(prefix + tensor), want: await file.readF32(tensor), bound: 0 };
    }
  }
}
