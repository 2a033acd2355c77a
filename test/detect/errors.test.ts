import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AaclipError, abortable, libraryError, within } from '../../src/detect/errors.js';
import { GpuError } from '../../src/gpu/gpu.js';
import { PictureError } from '../../src/picture/picture.js';

describe('an error of the library', () => {
  it('keeps the message and its own code, regardless of the work that failed', () => {
    const gpu = new GpuError('webgpu: lost');
    expect(libraryError('weights', gpu)).toMatchObject({ code: 'device', message: 'webgpu: lost', cause: gpu });
    const picture = new PictureError('a.png', 'empty');
    expect(libraryError('training', picture)).toMatchObject({ code: 'picture', file: 'a.png', cause: picture });
    const plain = libraryError('adapters', new Error('no'));
    expect(plain).toMatchObject({ name: 'AaclipError', code: 'adapters', message: 'no', file: undefined });
    expect(libraryError('class', plain)).toBe(plain);
    expect(libraryError('class', 'text')).toMatchObject({ code: 'class', message: 'text' });
  });

  it('is made from an error thrown at once and from a rejection', async () => {
    const at = (work: () => Promise<never>) => within('options', work);
    await expect(at(() => Promise.reject(new Error('later')))).rejects.toMatchObject({ code: 'options' });
    await expect(
      at(() => {
        throw new Error('now');
      }),
    ).rejects.toBeInstanceOf(AaclipError);
    expect(await within('options', () => 3)).toBe(3);
  });
});

describe('a promise that can be aborted', () => {
  it('gives its result and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    await expect(abortable(Promise.reject(new Error('own')), signal)).rejects.toThrow('own');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is dropped when the signal comes first, before or later, even if it fails afterwards', async () => {
    const reason = new Error('enough');
    await expect(abortable(Promise.reject(new Error('own')), AbortSignal.abort(reason))).rejects.toMatchObject({
      code: 'aborted',
      name: 'AbortError',
      cause: reason,
    });
    const later = new AbortController();
    let fail = (_: Error): void => undefined;
    const work = abortable(
      new Promise((_, reject) => {
        fail = reject;
      }),
      later.signal,
    );
    later.abort();
    await expect(work).rejects.toMatchObject({ code: 'aborted' });
    // Were this unhandled, the test run would fail.
    fail(new Error('own'));
    await new Promise((next) => setTimeout(next, 5));
  });
});
