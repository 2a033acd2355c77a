/** The stack, the marks and the memo of a pickle that is being read, and a limit on what it may build. */
import { dictKey, storageOf, storedItems } from './pickle_globals.js';
import { PickleObject, type PickleValue } from './pickle_values.js';

/**
 * Lists, dictionaries, objects, marks and notes that one pickle may make: some hundred MB at most. A checkpoint with a
 * hundred thousand tensors takes half of them.
 */
const MAX_MADE = 2_000_000;

export class PickleStack {
  private readonly stack: PickleValue[] = [];
  /** Heights of the stack at each mark. */
  private readonly marks: number[] = [];
  private readonly memo: PickleValue[] = [];
  private noted = 0;
  private made = 0;
  /** Bytes of an element of each storage whose type is known, by its key. */
  readonly itemSizes = new Map<string, number>();

  /** Counts n things that take memory. @throws when the pickle has made too many */
  spend(n: number): void {
    this.made += n;
    if (this.made > MAX_MADE) throw new Error(`pickle is too large: expected at most ${MAX_MADE} lists and objects`);
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  /** Pushes a new list, dictionary or object. */
  make(value: PickleValue): void {
    this.spend(1);
    this.stack.push(value);
  }

  /** Pushes what a persistent id stands for. @throws when it names a storage whose elements had another size before */
  resolve(id: PickleValue): void {
    const { key, itemSize } = storedItems(id) ?? {};
    if (key !== undefined && itemSize !== undefined) {
      const before = this.itemSizes.get(key) ?? itemSize;
      if (before !== itemSize) throw new Error('storage is broken: expected one type, got two');
      this.itemSizes.set(key, itemSize);
    }
    this.make(storageOf(id));
  }

  top(): PickleValue {
    this.need(1);
    return this.stack[this.stack.length - 1]!;
  }

  pop(): PickleValue {
    this.need(1);
    return this.stack.pop()!;
  }

  popMany(n: number): PickleValue[] {
    this.need(n);
    return this.stack.splice(this.stack.length - n);
  }

  mark(): void {
    this.spend(1);
    this.marks.push(this.stack.length);
  }

  popToMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) throw new Error('stack is broken: expected a mark, got none');
    return this.stack.splice(height);
  }

  /** Keeps the value on top under a number, or the next free one. */
  memoize(index = this.noted): void {
    this.spend(1);
    if (index > MAX_MADE) throw new Error(`memo is broken: expected an index of at most ${MAX_MADE}, got ${index}`);
    if (this.memo[index] === undefined) this.noted++;
    this.memo[index] = this.top();
  }

  recall(index: number): void {
    const value = this.memo[index];
    if (value === undefined) throw new Error(`memo is broken: expected a value at ${index}, got none`);
    this.push(value);
  }

  /** Adds items to the list or the object on top. */
  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (list instanceof PickleObject) for (const item of items) list.attributes.set(list.attributes.size, item);
    else throw new Error('append is broken: expected a list');
  }

  /** Adds pairs to the dictionary or the object on top. */
  setItems(items: readonly PickleValue[]): void {
    const top = this.top();
    const dict = top instanceof PickleObject ? top.attributes : top;
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new Error('items are broken: expected a dictionary and pairs');
    for (let i = 0; i < items.length; i += 2) {
      const key = dictKey(items[i]!);
      if (key !== undefined) dict.set(key, items[i + 1]!);
    }
  }

  /**
   * Sets the attributes of the object on top: a dictionary, or one for its own attributes and one for its slots. Those of a
   * dictionary (a state dict's `_metadata`) or a tensor are dropped.
   */
  build(state: PickleValue): void {
    const object = this.top();
    if (!(object instanceof PickleObject)) return;
    for (const part of Array.isArray(state) ? state.slice(0, 2) : [state]) {
      if (!(part instanceof Map)) continue;
      this.spend(part.size);
      for (const [name, value] of part) object.attributes.set(name, value);
    }
  }

  /** @throws unless there are n values above the last mark */
  private need(n: number): void {
    const free = this.stack.length - (this.marks[this.marks.length - 1] ?? 0);
    if (free < n) throw new Error(`stack is broken: expected ${n} values, got ${free}`);
  }
}
