// y[z] = x[z] transposed, [rows, columns] to [columns, rows].
//
// An invocation moves STRIP neighbours of one column: reads run along a row from lane to lane, writes fill whole cache
// lines lane by lane. Grid: one invocation a column and strip, z = batch.
const WG: u32 = 64u;
const STRIP: u32 = 16u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  let column = i % p.columns;
  let first = i / p.columns * STRIP;
  let base = gid.z * p.rows * p.columns;
  for (var row = first; row < min(first + STRIP, p.rows); row++) {
    y[base + column * p.rows + row] = x[base + row * p.columns + column];
  }
}
