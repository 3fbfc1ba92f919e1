import type { Box, Wire } from './layout';

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/**
 * The box that an arrow key leads to: left to what a box is made of, right to what is made of it, up and down to the box
 * above or below.
 */
export function step(boxes: Box[], wires: Wire[], at: string, arrow: Arrow): string | undefined {
  const here = boxes.find(({ node }) => node.id === at);
  if (here === undefined) return boxes[0]?.node.id;
  const middle = (box: Box) => box.y + box.height / 2;
  const centre = (box: Box) => box.x + box.width / 2;
  let others: Box[];
  if (arrow === 'ArrowLeft' || arrow === 'ArrowRight') {
    const ends = new Set(
      wires.flatMap(({ from, to }) => (arrow === 'ArrowLeft' ? (to === at ? [from] : []) : from === at ? [to] : [])),
    );
    ends.delete(at);
    others = boxes.filter(({ node }) => ends.has(node.id));
  } else {
    const sign = arrow === 'ArrowDown' ? 1 : -1;
    others = boxes.filter((box) => (middle(box) - middle(here)) * sign > 0);
  }
  const distance = (box: Box) => Math.abs(middle(box) - middle(here)) + 3 * Math.abs(centre(box) - centre(here));
  return others.sort((left, right) => distance(left) - distance(right))[0]?.node.id;
}

export interface Camera {
  x: number;
  y: number;
  scale: number;
}

/** The camera that shows all of a drawing in a window, no larger than it is. */
export function fit(width: number, height: number, windowWidth: number, windowHeight: number): Camera {
  const scale = Math.min(1, (windowWidth - 24) / Math.max(1, width), (windowHeight - 24) / Math.max(1, height));
  return { scale, x: (windowWidth - width * scale) / 2, y: (windowHeight - height * scale) / 2 };
}

/** Closer or farther, so that what is at that point of the window stays there. */
export function zoom(camera: Camera, factor: number, x: number, y: number): Camera {
  const scale = Math.min(3, Math.max(0.03, camera.scale * factor));
  const change = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * change, y: y - (y - camera.y) * change };
}

/** Moved as little as needed so that a box is in the window, and large enough to be read. */
export function show(camera: Camera, box: Box, windowWidth: number, windowHeight: number): Camera {
  const edge = 20;
  let { x, y } = camera;
  const { scale } = camera;
  const [left, right] = [x + box.x * scale, x + (box.x + box.width) * scale];
  const [top, bottom] = [y + box.y * scale, y + (box.y + box.height) * scale];
  if (left < edge) x += edge - left;
  else if (right > windowWidth - edge) x -= right - windowWidth + edge;
  if (top < edge) y += edge - top;
  else if (bottom > windowHeight - edge) y -= bottom - windowHeight + edge;
  return { scale, x, y };
}
