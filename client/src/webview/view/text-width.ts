/** How wide text is in the panel's font: SVG has no ellipsis of its own. */

export type TextSize = 'small' | 'device';

const PIXELS: Readonly<Record<TextSize, number>> = { small: 10.5, device: 12 };

let canvas: CanvasRenderingContext2D | null | undefined;

/** The text, or its beginning with an ellipsis where it is wider than `room` pixels. */
export function fitText(text: string, room: number, size: TextSize): string {
  if (textWidth(text, size) <= room) return text;
  let end = text.length - 1;
  while (end > 0 && textWidth(`${text.slice(0, end)}…`, size) > room) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

export function textWidth(text: string, size: TextSize): number {
  canvas ??= document.createElement('canvas').getContext('2d');
  if (canvas === null) return text.length * PIXELS[size] * 0.55;
  canvas.font = `${PIXELS[size]}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}
