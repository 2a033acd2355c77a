/** What is known of the methods, and the files they released. */
import { expect, it } from 'vitest';
import { PUBLISHED_METHODS } from '../../src/data/published_methods.js';
import { RELEASED_CHECKPOINTS, RELEASED_FILES, releasedFile } from '../../src/data/released_weights.js';

it('every released checkpoint belongs to a method, and is at a commit of its repository', () => {
  for (const { name, method, repository, commit, path, gitBlob, urls } of RELEASED_CHECKPOINTS) {
    const owner = PUBLISHED_METHODS.find((m) => m.name === method);
    expect(owner?.repository, name).toBe(repository);
    expect(owner?.checkpoints, name).toContain(name);
    expect([commit, gitBlob], name).toEqual([
      expect.stringMatching(/^[\da-f]{40}$/),
      expect.stringMatching(/^[\da-f]{40}$/),
    ]);
    expect(urls.length, name).toBeGreaterThan(0);
    for (const url of urls) expect(url).toContain(`${repository}/`);
    for (const url of urls) expect(url.endsWith(`/${commit}/${path}`), url).toBe(true);
  }
  expect(new Set(RELEASED_CHECKPOINTS.map(({ gitBlob }) => gitBlob)).size).toBe(RELEASED_CHECKPOINTS.length);
});

it('a checkpoint is named by the data set of its training, whatever its repository calls the folder', () => {
  for (const { name, trainedOn, testOn } of RELEASED_CHECKPOINTS) {
    const trained = name.endsWith('-visa') ? 'VisA' : 'MVTec AD';
    expect([trainedOn, testOn.includes(trained)], name).toEqual([trained, false]);
  }
  const pathOf = (name: string): string => RELEASED_CHECKPOINTS.find((r) => r.name === name)!.path;
  expect(pathOf('anomalyclip-mvtec')).toContain('9_12_4_multiscale_visa/');
  expect(pathOf('april-gan-mvtec')).toContain('mvtec_pretrained');
});

it('figures are of another data set than the one trained on, in per cent, and each has its source', () => {
  for (const { name, figures } of PUBLISHED_METHODS) {
    for (const { testedOn, trainedOn, source, ...values } of figures) {
      expect(testedOn, name).not.toBe(trainedOn);
      expect(source, name).not.toBe('');
      expect(Object.values(values).every((v) => v > 40 && v < 100)).toBe(true);
      expect(Object.keys(values).length, name).toBeGreaterThan(0);
    }
  }
});

it('names of files are told apart, in any case', () => {
  expect(new Set(RELEASED_FILES.map(({ name }) => name.toLowerCase())).size).toBe(RELEASED_FILES.length);
  expect(releasedFile('April-GAN-VisA').name).toBe('april-gan-visa');
  expect(() => releasedFile('april-gan')).toThrow('weights: unknown name april-gan: expected one of ViT-L-14-336');
});
