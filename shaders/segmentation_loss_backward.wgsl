// Gradient of the segmentation loss with respect to the similarity grid, from the sums of the cells of every row
// (segmentation_loss_backward_cells.wgsl): a grid point gathers the two cells beside it in all rows of pixels that it is
// interpolated into. ds1 = -ds0, since only the difference counts. Grid: one invocation a grid point of an image.
const WG: u32 = 64u;

struct Params {
  points: u32,
  size: u32,
  grid: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> cells: array<vec2f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> ds: array<f32>;

// Weight of grid line `line` at pixel `at` of an axis; zero where the line does not reach.
fn weight(line: u32, at: u32) -> f32 {
  return max(0.0, 1.0 - abs(f32(at) * p.scale - f32(line)));
}

// First and last pixel of an axis that grid line `line` reaches.
fn reach(line: u32) -> vec2u {
  if (p.grid == 1u || p.scale == 0.0) { return vec2u(0u, p.size - 1u); }
  let low = max(0.0, (f32(line) - 1.0) / p.scale);
  let high = (f32(line) + 1.0) / p.scale;
  return vec2u(u32(low), min(p.size - 1u, u32(high) + 1u));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.points) { return; }
  let area = p.grid * p.grid;
  let b = i / area;
  let gy = i % area / p.grid;
  let gx = i % p.grid;
  let ys = reach(gy);
  var sum = 0.0;
  for (var y = ys.x; y <= ys.y; y++) {
    let at = (b * p.size + y) * p.grid + gx;
    let own = cells[at];
    // Right of the last column there is none: its cell counts for it alone.
    var both = select(own.x, own.x + own.y, gx == p.grid - 1u);
    if (gx > 0u) { both += cells[at - 1u].y; }
    sum += weight(gy, y) * both;
  }
  let at = b * 2u * area + gy * p.grid + gx;
  ds[at] = -sum * dy[0];
  ds[at + area] = sum * dy[0];
}
