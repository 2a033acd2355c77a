import { describe, expect, it } from 'vitest';
import { MaskEdit } from '../../web/page/mask_edit.js';

describe('MaskEdit', () => {
  it('marks a rectangle from either corner, cut at the edge', () => {
    const mask = new MaskEdit(6, 4);
    mask.rectangle(9, 9, 4, 2, 1);
    expect([...mask.data].flatMap((v, i) => (v ? [i] : []))).toEqual([16, 17, 22, 23]);
    expect(mask.marked).toBe(4);
  });

  it('draws a stroke without gaps and erases within it', () => {
    const mask = new MaskEdit(20, 5);
    mask.stroke(2.5, 2.5, 17.5, 2.5, 1, 1);
    expect([...mask.data.subarray(42, 58)].every((v) => v === 1)).toBe(true);
    const before = mask.marked;
    mask.stroke(10.5, 2.5, 10.5, 2.5, 0.5, 0);
    expect(mask.marked).toBe(before - 1);
    expect(mask.data[50]).toBe(0);
  });

  it('undoes 60 overlapping steps and does them again', () => {
    const mask = new MaskEdit(64, 64);
    const states = [mask.data.slice()];
    for (let i = 0; i < 60; i++) {
      mask.stroke(i, i / 2, 64 - i, 40, 3, i % 3 === 2 ? 0 : 1);
      mask.commit();
      states.push(mask.data.slice());
    }
    for (let i = 59; i >= 0; i--) {
      expect(mask.undo()).toBe(true);
      expect(mask.data).toEqual(states[i]);
    }
    expect(mask.marked).toBe(0);
    expect(mask.undo()).toBe(false);
    while (mask.redo());
    expect(mask.data).toEqual(states[60]);
    expect(mask.marked).toBe(states[60]?.reduce((sum, v) => sum + v, 0));
  });

  it('opens a mask as one step, whatever it held', () => {
    const mask = new MaskEdit(3, 2);
    mask.rectangle(0, 0, 2, 1, 1);
    mask.commit();
    mask.open(Uint8Array.of(0, 255, 0, 7, 0, 0));
    expect([...mask.data]).toEqual([0, 1, 0, 1, 0, 0]);
    expect(mask.marked).toBe(2);
    mask.undo();
    expect([...mask.data]).toEqual([1, 1, 0, 0, 0, 0]);
  });
});
