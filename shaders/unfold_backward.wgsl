// dx[b, c, y, x] = dy of the one patch that holds the pixel, [b, l, (c, py, px)]; zero where no whole patch lies.
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
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let px = i % p.width;
  let py = i / p.width % p.height;
  let c = i / (p.width * p.height) % p.channels;
  let b = i / (p.width * p.height * p.channels);
  let lx = px / p.side;
  let ly = py / p.side;
  var v = 0.0;
  if (lx < p.columns && ly < p.rows) {
    let l = (b * p.rows + ly) * p.columns + lx;
    v = dy[(l * p.channels + c) * p.side * p.side + py % p.side * p.side + px % p.side];
  }
  dx[i] = v;
}
