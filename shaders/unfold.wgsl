// y[b, l, (c, py, px)] = x[b, c, ly * side + py, lx * side + px], l = ly * columns + lx: patches of a picture.
// Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  channels: u32,
  height: u32,
  width: u32,
  side: u32,
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let area = p.side * p.side;
  let px = i % p.side;
  let py = i / p.side % p.side;
  let c = i / area % p.channels;
  let l = i / (area * p.channels);
  let lx = l % p.columns;
  let ly = l / p.columns % p.rows;
  let b = l / (p.columns * p.rows);
  y[i] = x[((b * p.channels + c) * p.height + ly * p.side + py) * p.width + lx * p.side + px];
}
