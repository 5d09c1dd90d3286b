/** What runs the guest's instructions: the host's hardware, or emulation. Pure. */
export const accelerators = ['kvm', 'hvf', 'whpx', 'tcg'] as const;
export type Accelerator = (typeof accelerators)[number];

/** Whether one accelerator is worth trying here, and why (not). */
export interface AcceleratorReport {
  readonly accelerator: Accelerator;
  readonly usable: boolean;
  readonly reason: string;
}
