/** Waiting for the device without taking the processor's cores from it. */

/** Longest sleep between two looks, in milliseconds. */
const LONGEST_MS = 2;
/** A sleep as a share of the time since something last happened: a short wait on a fast device does not get noticeably longer. */
const SHARE = 0.05;

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Promises that are awaited now. */
let pending = 0;
/** When the first of them was awaited, or another one settled, by `performance.now`. */
let since = 0;
let isTurning = false;

async function turn(): Promise<void> {
  isTurning = true;
  while (pending > 0) {
    await new Promise((next) => setImmediate(next));
    if (pending > 0) Atomics.wait(cell, 0, 0, Math.min(LONGEST_MS, SHARE * (performance.now() - since)));
  }
  isTurning = false;
}

/**
 * Awaits a promise of the device. While one is pending, the binding looks at the device on every turn of the event loop; on a
 * software adapter that takes a core from the kernels. So each turn sleeps, longer as the wait grows. However many promises are
 * awaited, a turn sleeps once: files and requests move on by one step a turn.
 */
export async function waitSparingly<T>(promise: Promise<T>): Promise<T> {
  if (pending++ === 0) since = performance.now();
  if (!isTurning) void turn();
  try {
    return await promise;
  } finally {
    pending--;
    since = performance.now();
  }
}
