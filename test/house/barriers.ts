/**
 * The barriers of kernels that the search for data races cannot interpret: how many there are, and which of them a software
 * driver cannot show. It runs the subgroups of a workgroup one after the other, from barrier to barrier: a barrier between
 * subgroups that is taken out gives wrong results there, one that only orders the lanes of a subgroup may not.
 *
 * What each barrier protects stands beside it in the kernel.
 */
export interface Barriers {
  readonly count: number;
  /** Barriers, counted from 1, without which results stay right on a software driver. The count guards them. */
  readonly unseen?: readonly number[];
}

export const BARRIERS: Readonly<Record<string, Barriers>> = {
  // 4, 7, 8 and 10 order the lanes of a subgroup; what 2 and 9 protect is out of reach of a software driver's small tiles.
  'attention.matrix': { count: 10, unseen: [2, 4, 7, 8, 9, 10] },
  // 6, 7 and 9 order the lanes of a subgroup; 8 as 9 above.
  'attention_backward.matrix': { count: 9, unseen: [6, 7, 8, 9] },
  'matmul.matrix': { count: 4 },
};

const BARRIER = /\b(?:workgroup|storage)Barrier\(\);/g;

/** Barriers in the text of a kernel. */
export const barriersOf = (text: string): number => text.match(BARRIER)?.length ?? 0;

/** The text without its n-th barrier, counted from 0. */
export function withoutBarrier(text: string, n: number): string {
  let seen = 0;
  return text.replace(BARRIER, (call) => (seen++ === n ? '' : call));
}

/** Lines with a barrier that no comment explains, neither on the line nor on the one before. */
export function unexplainedBarriers(text: string): number[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    if (barriersOf(line) === 0) return [];
    const said = /\/\/ .*\w+ \w+/;
    return said.test(line) || said.test(/^\s*\/\//.test(lines[i - 1] ?? '') ? lines[i - 1]! : '') ? [] : [i + 1];
  });
}
