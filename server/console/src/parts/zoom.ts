// How a picture lies in its frame: enlarged about a point, and never pulled out of sight.

export interface Pose {
  scale: number;
  /** How far the picture's middle lies from the frame's, in pixels. */
  x: number;
  y: number;
}

export const WHOLE: Pose = { scale: 1, x: 0, y: 0 };

const MOST = 8;

/** Keeps a picture that fills `width` by `height` at scale 1 so that its edges do not come inside the frame. */
export function held({ scale, x, y }: Pose, width: number, height: number): Pose {
  const free = (side: number) => ((scale - 1) * side) / 2;
  const within = (at: number, room: number) => Math.min(room, Math.max(-room, at));
  return { scale, x: within(x, free(width)), y: within(y, free(height)) };
}

/** Enlarged `by` so many times; the point (`px`, `py`), measured from the frame's middle, stays where it is. */
export function zoomed(pose: Pose, by: number, px: number, py: number, width: number, height: number): Pose {
  const scale = Math.min(MOST, Math.max(1, pose.scale * by));
  const real = scale / pose.scale;
  return held({ scale, x: px - (px - pose.x) * real, y: py - (py - pose.y) * real }, width, height);
}
