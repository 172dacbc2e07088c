import type { VirtualItem } from '@tanstack/virtual-core';

/** Where in a list somebody is, with the heights of its lines. */
export interface Spot {
  offset: number;
  heights: VirtualItem[];
}
