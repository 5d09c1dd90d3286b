import type { Column } from './column.ts';

type View = Column['view'];

/**
 * Sorts in place with a helper of the same length: the built-in sort by a comparison makes two lists of objects, which for
 * a million numbers take as much memory as all else that is known of the names.
 */
export function mergeSort(view: View, helper: View, compare: (a: number, b: number) => number): void {
  for (let width = 1; width < view.length; width *= 2)
    for (let from = 0; from + width < view.length; from += 2 * width)
      merge(view, helper, [from, from + width, Math.min(from + 2 * width, view.length)], compare);
}

/** Merges two sorted runs that lie one behind the other; often they are in order as they are. */
function merge(
  view: View,
  helper: View,
  [from, middle, end]: readonly [number, number, number],
  compare: (a: number, b: number) => number,
): void {
  const at = (index: number): number => view[index] ?? 0;
  if (compare(at(middle - 1), at(middle)) <= 0) return;
  for (let index = from; index < middle; index++) helper[index] = at(index);
  let [left, right] = [from, middle];
  for (let target = from; left < middle; target++) {
    const first = helper[left] ?? 0;
    const fromRight = right < end && compare(at(right), first) < 0;
    view[target] = fromRight ? at(right++) : first;
    if (!fromRight) left++;
  }
}
