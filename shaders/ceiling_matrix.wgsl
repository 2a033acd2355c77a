// Products on matrix units with nothing else in the way, to find their ceiling: eight sums a subgroup, each turn four
// products for each. All operands stay in registers; the sums are stored once, at the end, so that they are needed.
// Grid: one workgroup an entry of the grid; workgroups share 64 places of the output, all with equal values.
enable f16;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
const THREADS: u32 = 256u;
const SG: u32 = 32u;
const MM: u32 = 16u;
const MN: u32 = 16u;
const MK: u32 = 16u;
alias L = subgroup_matrix_left<f16, MK, MM>;
alias R = subgroup_matrix_right<f16, MN, MK>;
alias O = subgroup_matrix_result<f32, MN, MM>;

struct Params {
  turns: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
  let left = subgroupMatrixLoad<L, row_major>(&x, 0u, MK / 2u);
  let right = subgroupMatrixLoad<R, row_major>(&x, 0u, MN / 2u);
  var sums: array<O, 8>;
  for (var t = 0u; t < p.turns; t++) {
    for (var s = 0u; s < 4u; s++) {
      for (var i = 0u; i < 8u; i++) { sums[i] = subgroupMatrixMultiplyAccumulate(left, right, sums[i]); }
    }
  }
  let place = (group.x % 64u * (THREADS / SG) + lid / SG) * 8u;
  for (var i = 0u; i < 8u; i++) { subgroupMatrixStore<row_major>(&y, (place + i) * MM * MN, sums[i], MN); }
}
