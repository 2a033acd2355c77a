import { describe, expect, it } from 'vitest';
import { namePattern } from '../../src/cases/name_pattern.js';

describe('a pattern matches names', () => {
  it.each([
    ['op.*', 'op.attention_5', true],
    ['op.*', 'model.op.tiny', false],
    ['op.attention_?', 'op.attention_5', true],
    ['op.attention_?', 'op.attention_65', false],
    ['*backward', 'softmax 1x2x518x518 along axis 1 backward', true],
    ['model.tiny', 'model.tiny', true],
    ['model.tiny', 'model.tiny.half', false],
    ['model.tiny', 'modelxtiny', false],
    ['a(b|c)+[d]', 'a(b|c)+[d]', true],
    ['*', '', true],
  ])('%s on "%s": %s', (glob, name, hit) => {
    expect(namePattern(glob).test(name)).toBe(hit);
  });
});
