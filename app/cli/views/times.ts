/** `2026-01-02 15:04:05 +0000 UTC`, as Docker's CreatedAt. */
export function goTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
