/** Columns of text, aligned by the widest cell; three spaces between, no spaces at the end of a line. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, i < row.length - 1 ? (widths[i] ?? 0) + 3 : 0))
      .join('')
      .trimEnd(),
  );
}

function pad(cell: string, size: number): string {
  return cell + ' '.repeat(Math.max(0, size - width(cell)));
}

/** In code points, colour sequences left out. */
function width(cell: string): number {
  return Array.from(cell.replaceAll(colourSequence, '')).length;
}

const colourSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
