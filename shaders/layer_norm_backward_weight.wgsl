// part[c, i] = sum over the rows of chunk c of dy * (x - mean) rstd: the gradient of layer norm's weight, before the
// sum over the chunks. Row r of dy is token start + r % count of sequence r / count; x has `tokens` tokens a sequence.
// Grid: one invocation an output; neighbours read neighbouring columns.
const WG: u32 = 64u;

struct Params {
  rows: u32,
  d: u32,
  tokens: u32,
  start: u32,
  count: u32,
  chunks: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> part: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = gid.y * groups.x * WG + gid.x;
  if (at >= p.chunks * p.d) { return; }
  let i = at % p.d;
  let step = (p.rows + p.chunks - 1u) / p.chunks;
  let first = at / p.d * step;
  let end = min(p.rows, first + step);
  var sum = 0.0;
  for (var row = first; row < end; row++) {
    let at_x = (row / p.count * p.tokens + p.start + row % p.count) * p.d;
    sum += dy[row * p.d + i] * (x[at_x + i] - stats[2u * row]) * stats[2u * row + 1u];
  }
  part[at] = sum;
}
