/** The task of a worker in a test: scores some pictures of a data set with the adapters of an epoch. */
import { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError, checkAborted } from '../../detect/errors.js';
import { Loader } from '../../node/loader.js';
import { checked } from '../queue/checked.js';
import { FILE_REF } from '../queue/file_refs.js';
import { QUEUED_FILE, unchangedFile } from '../queue/queued_file.js';
import { encodeScored, type PackedSample, packSample } from '../queue/scored_file.js';
import { type Executor, MOST_PICTURES, type TaskContext } from '../queue/task.js';
import { PlannedModel } from './planned_model.js';
import type { TestedData } from './tested_data.js';

const PAYLOAD = z.strictObject({
  plan: FILE_REF,
  epoch: z.union([z.int().min(0), z.enum(['latest', 'plain'])]),
  pictures: z
    .array(
      z.strictObject({
        file: QUEUED_FILE,
        /** Of a faulty picture. */
        mask: QUEUED_FILE.optional(),
        label: z.union([z.literal(0), z.literal(1)]),
        /** The name by which the plan has its class. */
        class: z.string(),
        /** Of the decoded picture; 0 where it is not known. */
        bytes: z.int().min(0),
      }),
    )
    .min(1)
    .max(MOST_PICTURES),
});

export type TestPayload = z.infer<typeof PAYLOAD>;

/** Scores the pictures of a task. Every picture is compared with the print it was queued with. */
export const testTask: Executor = async (payload, context) => {
  const asked = checked(PAYLOAD, payload, 'task of a test');
  const { plan, epoch } = asked;
  const work = (model: PlannedModel): Promise<Uint8Array> => scoreTask(model, asked, context);
  return context.models.use(`test ${plan.fingerprint}`, () => PlannedModel.load(plan, epoch, context), work);
};

async function scoreTask(
  model: PlannedModel,
  { epoch, pictures }: TestPayload,
  context: TaskContext,
): Promise<Uint8Array> {
  const { roots, signal, onProgress } = context;
  const paths = await Promise.all(
    pictures.map(async ({ file, mask }) => {
      return { image: await unchangedFile(roots, file), mask: mask && (await unchangedFile(roots, mask)) };
    }),
  );
  const { rules, tile, imageSize, classes } = model.plan;
  const known = new Set(classes.map(({ name }) => name));
  const unknown = pictures.find((picture) => !known.has(picture.class));
  if (unknown)
    throw new AaclipError('options', `test: no class ${printable(unknown.class)} in the plan; queue it again`);
  const samples = pictures.map(({ label, class: className }, i) => {
    const { image, mask } = paths[i]!;
    return { imagePath: image, label, className, ...(mask === undefined ? {} : { maskPath: mask }), line: i + 1 };
  });
  const data: TestedData = {
    ...{ name: 'task', root: '', list: 'task', domain: 'Industrial', samples },
    bytes: pictures.map(({ bytes }) => bytes),
    keyOf: (className) => className,
  };
  const found = new Map<number, PackedSample>();
  // What is said of a file must not depend on where this worker has it.
  const onBroken = (error: Error, { line }: { readonly line: number }): void => {
    const { image, mask } = paths[line - 1]!;
    const { file, mask: marked } = pictures[line - 1]!;
    let broken = error.message.replaceAll(printable(image), printable(file.path));
    if (mask !== undefined && marked) broken = broken.replaceAll(printable(mask), printable(marked.path));
    found.set(line, packSample({ broken }));
  };
  await using loader = new Loader({
    ...{ root: '', samples, bytes: data.bytes, rules, maskSize: imageSize, tileSize: tile?.size },
    ...{ pool: model.pool, onBroken },
  });
  const adapter = await model.at(epoch, async (scores) => {
    const isBroken = (): boolean => false;
    for await (const batch of scores.scores(data, { loader, isBroken, onBroken })) {
      checkAborted(signal);
      for (const { sample, map, score, mask } of batch) {
        if (!found.has(sample.line)) found.set(sample.line, packSample({ map, score, mask }));
      }
      onProgress(found.size);
    }
    return scores.adapter;
  });
  return encodeScored(
    adapter,
    samples.map(({ line }) => found.get(line)!),
  );
}
