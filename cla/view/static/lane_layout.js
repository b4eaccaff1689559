// Where the parts of a lane's chart are: strip, attention, landmarks, and what was heard or seen.

export const TOP = 24;
export const GAP = 10;
const STRETCHES = 14;
const AXIS = 16;
// Of narrow pages, which show two lanes above each other (as in stage.css), and of wide ones.
const NARROW = 640;
const SMALL = { rows: 120, row: 12, bars: 36, circle: 120 };
const LARGE = { rows: Infinity, row: 14, bars: 64, circle: 176 };

/** How large parts are on the page as it is now. */
export const sizesNow = () => (globalThis.innerWidth <= NARROW ? SMALL : LARGE);

/**
 * Where parts end, and how high all is.
 * @param {typeof LARGE} sizes
 * @param {number} rows of the strip
 * @param {number} track its height
 * @param {boolean} circle whether a circle as high as the strip stands in the place of the rows' names
 */
export function layoutOf(sizes, rows, track, circle = false) {
  const rowHeight = circle ? sizes.circle / rows : Math.min(sizes.row, sizes.rows / rows);
  const strip = TOP + rows * rowHeight;
  const gap = strip + GAP;
  const bars = gap + sizes.bars;
  const stretches = bars + STRETCHES;
  return { sizes, rowHeight, bottoms: { strip, gap, bars, stretches }, height: stretches + track + AXIS };
}
